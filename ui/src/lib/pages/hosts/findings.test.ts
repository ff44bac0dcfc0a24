import { describe, expect, it } from 'vitest';
import { type Backend, CommandFailed } from '$lib/backend/backend';
import type { DiscoveryProblem, HostCandidate, HostDraft, HostRow } from '$lib/bindings';
import { Findings, needsEdit } from './findings.svelte';

function candidate(name: string, changes: Partial<HostCandidate> = {}): HostCandidate {
  return {
    draft: { name, customer: '', address: `ssh://${name}`, tls: null, accept_plain_text: false, tick_interval_s: null },
    transport: 'ssh',
    source: { kind: 'context', name },
    current: false,
    already: null,
    ...changes,
  };
}

const problem: DiscoveryProblem = {
  path: '/x',
  error: { code: 'invalid', key: 'error.context.not_json', params: { line: '4' }, field: 'context', message: '' },
};

/** A machine where `found` is found and hosts called `taken` cannot be added. */
function open(found: HostCandidate[]) {
  const added: string[] = [];
  const backend = {
    call: async (name: string, request: HostDraft | null) => {
      await Promise.resolve();
      if (name === 'discover_hosts') return { candidates: found, problems: [problem] };
      if (request?.name === 'taken') {
        throw new CommandFailed({ code: 'invalid', key: 'error.name.taken', params: {}, field: 'name', message: '' });
      }
      added.push(request?.name ?? '');
      return { id: added.length, name: request?.name } as HostRow;
    },
  } as unknown as Backend;
  return { findings: new Findings(backend), added };
}

describe('findings', () => {
  it('are looked for, with what could not be read', async () => {
    const nas = candidate('nas');
    const { findings } = open([nas]);
    expect(findings.candidates, 'not looked yet').toBeNull();
    await findings.look();
    expect(findings.candidates).toEqual([nas]);
    expect(findings.problems).toEqual([problem]);
  });

  it('are added together; what is refused stays chosen with its reason', async () => {
    const [nas, taken] = [candidate('nas'), candidate('taken')];
    const { findings, added } = open([nas, taken]);
    await findings.look();
    findings.choose(nas, true);
    findings.choose(taken, true);
    expect(await findings.addChosen()).toBe(1);
    expect(added).toEqual(['nas']);
    expect(findings.progressOf(nas).step).toBe('added');
    expect(findings.progressOf(taken)).toMatchObject({ step: 'refused', error: { key: 'error.name.taken' } });
    expect([...findings.chosen]).toEqual([taken]);
  });

  it('that were added, or are plain text, cannot be added as they are', async () => {
    const plain = candidate('old', { transport: 'plain' });
    const already = candidate('nas', { already: 3 });
    const { findings } = open([plain, already]);
    await findings.look();
    expect(needsEdit(plain)).toBe(true);
    expect(findings.isReady(plain)).toBe(false);
    expect(findings.isReady(already)).toBe(false);
    expect(findings.isReady(candidate('new'))).toBe(true);
  });
});
