import { describe, expect, it } from 'vitest';
import {
  draftOf,
  emptyValues,
  endpointErrors,
  fieldOf,
  isPlainText,
  localErrors,
  offeredName,
  valuesOfDraft,
  wrongNumber,
  type HostFormValues,
} from './draft';

function values(changes: Partial<HostFormValues>): HostFormValues {
  return { ...emptyValues(), ...changes };
}

describe('a draft', () => {
  it('keeps certificates and the plain-text acceptance to tcp addresses', () => {
    const typed = { name: 'a', ca: '/ca', cert: '/cert', key: '/key', acceptPlainText: true };
    expect(draftOf(values({ ...typed, address: 'ssh://nas' }))).toMatchObject({ tls: null, accept_plain_text: false });
    expect(draftOf(values({ ...typed, address: 'tcp://nas' }))).toMatchObject({
      tls: { ca: '/ca', cert: '/cert', key: '/key' },
      accept_plain_text: false,
    });
    expect(draftOf(values({ ...typed, address: 'tcp://nas', useTls: false }))).toMatchObject({
      tls: null,
      accept_plain_text: true,
    });
  });

  it('has an interval only when it has its own', () => {
    expect(draftOf(values({ intervalSeconds: '30' })).tick_interval_s).toBeNull();
    expect(draftOf(values({ intervalSeconds: '30', ownInterval: true })).tick_interval_s).toBe(30);
  });

  it('comes back from the form as it went in', () => {
    const draft = {
      name: 'nas',
      customer: 'home',
      address: 'tcp://nas:2376',
      tls: { ca: '/ca', cert: '/cert', key: '/key' },
      accept_plain_text: false,
      tick_interval_s: 60,
    };
    expect(draftOf(valuesOfDraft(draft))).toEqual(draft);
    const plain = { ...draft, tls: null, accept_plain_text: true };
    expect(draftOf(valuesOfDraft(plain))).toEqual(plain);
  });
});

describe('the form', () => {
  it('never falls to plain text by itself', () => {
    expect(isPlainText(values({ address: 'tcp://nas' }))).toBe(false);
    const found = {
      name: 'x',
      customer: '',
      address: 'tcp://nas:2375',
      tls: null,
      accept_plain_text: false,
      tick_interval_s: null,
    };
    expect(isPlainText(valuesOfDraft(found)), 'a plain address found in a context').toBe(false);
  });

  it('says what is missing before the engine is asked', () => {
    expect(Object.keys(localErrors(values({ address: 'tcp://nas' }))).sort()).toEqual([
      'name',
      'tls.ca',
      'tls.cert',
      'tls.key',
    ]);
    expect(localErrors(values({ address: 'ssh://nas', name: 'nas' }))).toEqual({});
    expect(endpointErrors(values({ address: 'ssh://nas' })), 'a test needs no name').toEqual({});
    expect(endpointErrors(values({ address: 'tcp://nas', useTls: false }))).toHaveProperty('accept_plain_text');
  });

  it('counts characters, not code units', () => {
    expect(localErrors(values({ address: '/x', name: '🚢'.repeat(80) }))).toEqual({});
    expect(localErrors(values({ address: '/x', name: '🚢'.repeat(81) })).name?.params).toEqual({
      count: '81',
      max: '80',
    });
  });

  it('offers the machine as a name', () => {
    expect(offeredName(values({ address: 'ssh://ops@nas.example' }))).toBe('nas');
    expect(offeredName(values({ address: 'ssh' }))).toBe('');
  });
});

describe('a typed number', () => {
  const range = { min: 5, max: 300 };

  it('is whole and within its range', () => {
    expect(wrongNumber(' 15 ', range, 's')).toBeNull();
    expect(wrongNumber('4', range, 's')?.key).toBe('error.number.out_of_range');
    expect(wrongNumber('301', range, 's')?.params).toEqual({ value: '301', min: '5', max: '300', unit: 's' });
    for (const text of ['', '1.5', '1e2', '0x10', 'ten']) {
      expect(wrongNumber(text, range, 's')?.key, `“${text}”`).toBe('error.number.not_whole');
    }
  });
});

describe('an error of the engine', () => {
  const error = { code: 'invalid', key: 'error.name.taken', params: {}, message: '' } as const;

  it('belongs under its field, or to the whole form', () => {
    expect(fieldOf({ ...error, field: 'tls.ca' })).toBe('tls.ca');
    expect(fieldOf({ ...error, field: null })).toBeNull();
    expect(fieldOf({ ...error, field: 'something_new' })).toBeNull();
  });
});
