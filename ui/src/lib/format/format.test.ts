import { beforeEach, describe, expect, it } from 'vitest';
import { locale } from '$lib/i18n/i18n.svelte';
import { formatBytes, formatBytesPerSecond, formatByteSpan, GIB, MIB, niceByteStep } from './bytes';
import { sentenceOf } from './errors';
import {
  ABSENT,
  formatCores,
  formatCoresInFull,
  formatCount,
  formatMilliseconds,
  formatPercent,
  formatTimes,
} from './numbers';
import { formatAge, formatDayOfYear, formatDuration } from './times';
import { sentenceOfStates } from './words';

/** `Intl` parts groups with spaces of several widths; they all read as one. */
const plain = (text: string) => text.replace(/\s/g, ' ');

describe('bytes', () => {
  it('are shown in the unit they fill, with three telling digits', () => {
    expect(formatBytes(0)).toBe('0 B');
    expect(formatBytes(1023)).toBe('1,023 B');
    expect(formatBytes(1024)).toBe('1 KiB');
    expect(formatBytes(1.5 * MIB)).toBe('1.5 MiB');
    expect(formatBytes(47.23 * MIB)).toBe('47.2 MiB');
    expect(formatBytes(512 * MIB)).toBe('512 MiB');
    expect(formatBytes(1.25 * GIB)).toBe('1.25 GiB');
    expect(formatBytes(2 * 1024 * GIB)).toBe('2 TiB');
  });

  it('never read 1,024 of a unit', () => {
    expect(formatBytes(1023.9 * MIB)).toBe('1 GiB');
    expect(formatBytes(GIB - 1)).toBe('1 GiB');
  });

  it('that were not measured are a dash, not a zero', () => {
    expect(formatBytes(null)).toBe(ABSENT);
    expect(formatBytesPerSecond(null)).toBe(ABSENT);
  });

  it('follow the language', () => {
    locale.speak('ru');
    expect(plain(formatBytes(1.25 * GIB))).toBe('1,25 ГиБ');
    locale.speak('hu');
    expect(plain(formatBytes(1.25 * GIB))).toBe('1,25 GiB');
    expect(formatBytesPerSecond(2048)).toBe('2 KiB/mp');
  });

  it('of differing deployments are shown as a span, of equal ones as one', () => {
    expect(formatByteSpan(256 * MIB, GIB)).toBe('256 MiB … 1 GiB');
    expect(formatByteSpan(GIB, GIB)).toBe('1 GiB');
    expect(formatByteSpan(null, null)).toBe(ABSENT);
  });

  it('step an axis in powers of two', () => {
    expect(niceByteStep(900 * MIB, 4)).toBe(256 * MIB);
    expect(niceByteStep(1.6 * GIB, 4)).toBe(512 * MIB);
    expect(niceByteStep(0, 4)).toBe(1);
  });
});

describe('numbers', () => {
  it('of cores say which percentage they are', () => {
    expect(formatCoresInFull(0.42)).toBe('0.42 cores (42% of one core)');
    expect(formatCoresInFull(3.14)).toBe('3.1 cores (314% of one core)');
    expect(formatCores(12.4)).toBe('12');
    expect(formatCores(0.001)).toBe('< 0.01');
    expect(formatCores(0)).toBe('0.00');
    expect(formatCores(null)).toBe(ABSENT);
  });

  it('are grouped as the language groups', () => {
    expect(formatCount(12345)).toBe('12,345');
    locale.speak('ru');
    expect(plain(formatCount(12345))).toBe('12 345');
    expect(formatCount(null)).toBe(ABSENT);
  });

  it('tell ratios, factors and short times', () => {
    expect(formatPercent(0.042)).toBe('4.2%');
    expect(formatPercent(0.42)).toBe('42%');
    expect(formatTimes(3.04)).toBe('×3');
    expect(formatTimes(1.44)).toBe('×1.4');
    expect(formatMilliseconds(0.61)).toBe('0.6 ms');
    expect(formatMilliseconds(1340)).toBe('1.3 s');
  });
});

describe('states', () => {
  it('of one thing read as one sentence', () => {
    expect(sentenceOfStates(['Running', 'Healthy'])).toBe('Running, healthy');
    expect(sentenceOfStates(['Running'])).toBe('Running');
  });
});

describe('times', () => {
  const now = Date.UTC(2026, 2, 14, 12);
  const ago = (ms: number) => formatAge(now - ms, now);

  it('count ages in their largest unit', () => {
    expect(ago(500)).toBe('just now');
    expect(ago(59_000)).toBe('59 s ago');
    expect(ago(60_000)).toBe('1 min ago');
    expect(ago(25 * 3_600_000)).toBe('1 d ago');
    expect(formatAge(null, now)).toBe(ABSENT);
  });

  it('do not run backwards when clocks disagree', () => {
    expect(ago(-90_000)).toBe('just now');
  });

  it('are spoken in the language', () => {
    locale.speak('hu');
    expect(ago(5 * 60_000)).toBe('5 perce');
    locale.speak('ru');
    expect(ago(5 * 60_000)).toBe('5 мин назад');
  });

  it('name the year where it is another', () => {
    expect(formatDayOfYear(Date.UTC(2026, 0, 2), now)).not.toContain('2026');
    expect(formatDayOfYear(Date.UTC(2025, 11, 14), now)).toContain('2025');
  });

  it('tell spans in at most two units', () => {
    expect(formatDuration(42_000)).toBe('42 s');
    expect(formatDuration(15 * 60_000)).toBe('15 min');
    expect(formatDuration(2 * 3_600_000)).toBe('2 h');
    expect(formatDuration(125 * 60_000)).toBe('2 h 5 min');
    expect(formatDuration(76 * 3_600_000)).toBe('3 d 4 h');
  });
});

describe('a failed command', () => {
  const error = { code: 'not_found', params: { name: 'immich' }, field: null, message: 'no such app: immich' } as const;

  beforeEach(() => locale.speak('hu'));

  it('is told in the language, with its values', () => {
    const told = sentenceOf({ ...error, key: 'error.not_found.app' });
    expect(told).toContain('immich');
    expect(told).not.toBe(error.message);
  });

  it('is told in the engine’s words when the catalogue has none', () => {
    expect(sentenceOf({ ...error, key: 'error.from.the.future' })).toBe(error.message);
  });

  it.each([
    ['hu', 'No such file or directory (os error 2)', 'Ez a fájl nem olvasható: nem létezik.'],
    ['hu', 'Permission denied (os error 13)', 'Ez a fájl nem olvasható: a felhasználód nem nyithatja meg.'],
    ['ru', 'a folder, not a file', 'Этот файл не читается: это папка, а не файл.'],
    ['en', 'Keine Berechtigung (os error 13)', 'This file cannot be read: your user may not open it.'],
  ] as const)('is told in %s, its reason too: %s', (tongue, reason, sentence) => {
    locale.speak(tongue);
    expect(sentenceOf({ ...error, key: 'error.tls.unreadable', params: { reason } })).toBe(sentence);
  });

  it('keeps a reason it does not know', () => {
    const params = { reason: 'the moon is full (os error 4711)' };
    expect(sentenceOf({ ...error, key: 'error.tls.unreadable', params })).toContain('the moon is full');
  });

  it('names units in the language', () => {
    const params = { value: '4', min: '5', max: '300', unit: 's' };
    expect(sentenceOf({ ...error, key: 'error.number.out_of_range', params })).toContain('másodperc');
  });
});
