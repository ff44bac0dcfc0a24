import { describe, expect, it } from 'vitest';
import { type Backend, CommandFailed } from '$lib/backend/backend';
import type { ConnectionTest, HostRow, WireError } from '$lib/bindings';
import { emptyValues } from './draft';
import { HostForm } from './hostForm.svelte';

const FAILED: ConnectionTest = { outcome: 'failed', fault: { cause: 'refused', detail: '' }, elapsed_ms: 3 };
const TAKEN: WireError = {
  code: 'invalid',
  key: 'error.name.taken',
  params: { name: 'nas' },
  field: 'name',
  message: '',
};

function open(answer: (name: string) => Promise<unknown>, host: HostRow | null = null) {
  const asked: Array<[string, unknown]> = [];
  const backend = {
    call: (name: string, request: unknown) => {
      asked.push([name, request]);
      return answer(name);
    },
  } as unknown as Backend;
  return { form: new HostForm(backend, host, emptyValues()), asked };
}

describe('the host form', () => {
  it('complains about a field only once it was left', () => {
    const { form } = open(() => Promise.resolve());
    form.set('address', 'tc');
    expect(form.errorOf('address')).toBeNull();
    form.left('address');
    expect(form.errorOf('address')?.key).toBe('error.endpoint.unknown_scheme');
    form.set('address', 'tcp://nas:0');
    expect(form.errorOf('address')?.key, 'and then follows the typing').toBe('error.endpoint.bad_port');
    form.set('address', 'tcp://nas:2376');
    expect(form.errorOf('address')).toBeNull();
  });

  it('offers the machine as a name when the address is left', () => {
    const { form } = open(() => Promise.resolve());
    form.set('address', 'ssh://ops@nas.example');
    form.left('address');
    expect(form.values.name).toBe('nas');
    form.set('name', 'mine');
    form.left('address');
    expect(form.values.name, 'a typed name stays').toBe('mine');
  });

  it('does not ask the engine to store what cannot be stored', async () => {
    const { form, asked } = open(() => Promise.resolve());
    expect(await form.save()).toBeNull();
    expect(asked).toEqual([]);
    expect(form.errorOf('name')?.key).toBe('error.name.empty');
  });

  it('shows what the engine refused under its field until that field changes', async () => {
    const { form } = open(() => Promise.reject(new CommandFailed(TAKEN)));
    form.set('address', 'ssh://nas');
    form.set('name', 'nas');
    expect(await form.save()).toBeNull();
    expect(form.errorOf('name')).toEqual({ key: 'error.name.taken', params: { name: 'nas' } });
    expect(form.error).toBeNull();
    form.set('address', 'ssh://nas2');
    expect(form.errorOf('name'), 'another field').not.toBeNull();
    form.set('name', 'nas2');
    expect(form.errorOf('name')).toBeNull();
  });

  it('shows a failure of no field beside the whole form', async () => {
    const full: WireError = { code: 'disk_full', key: 'error.disk_full', params: {}, field: null, message: 'full' };
    const { form } = open(() => Promise.reject(new CommandFailed(full)));
    form.set('address', 'ssh://nas');
    form.set('name', 'nas');
    await form.save();
    expect(form.error).toEqual(full);
  });

  it('edits the host it was opened for', async () => {
    const { form, asked } = open(() => Promise.resolve({}), { id: 7 } as HostRow);
    form.set('address', 'ssh://nas');
    form.set('name', 'nas');
    await form.save();
    expect(asked[0]).toEqual(['edit_host', expect.objectContaining({ host: 7 })]);
  });
});

describe('the connection test', () => {
  it('shows what was found', async () => {
    const { form, asked } = open(() => Promise.resolve(FAILED));
    form.set('address', 'ssh://nas');
    await form.testConnection();
    expect(asked.map(([name]) => name)).toEqual(['test_host']);
    expect(form.test).toEqual({ step: 'done', result: FAILED });
  });

  it('is not started for an address that cannot work', async () => {
    const { form, asked } = open(() => Promise.resolve(FAILED));
    form.set('address', 'nas');
    await form.testConnection();
    expect(asked).toEqual([]);
    expect(form.errorOf('address')?.key).toBe('error.endpoint.unknown_scheme');
  });

  it('of an address that was changed meanwhile is forgotten', async () => {
    let finish: (test: ConnectionTest) => void = () => undefined;
    const { form } = open(() => new Promise((resolve) => (finish = resolve)));
    form.set('address', 'ssh://nas');
    const testing = form.testConnection();
    expect(form.test.step).toBe('running');
    form.set('address', 'ssh://other');
    finish(FAILED);
    await testing;
    expect(form.test).toEqual({ step: 'none' });
  });
});
