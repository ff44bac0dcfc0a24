import { describe, expect, it } from 'vitest';
import type { EngineFacts, HostRow } from '$lib/bindings';
import { fileSafe, limitRatio, machineLevel, machineMemoryRatio, stateWord } from './hostRows';

const engine = { memory_bytes: 1000 } as EngineFacts;

describe('the memory of a machine', () => {
  it('is ok below 80 %, a warning up to 95 %, and a danger above', () => {
    const level = (used: number | null) => machineLevel({ memory_used_bytes: used, engine });
    expect([level(799), level(800), level(950), level(951)]).toEqual(['ok', 'warn', 'warn', 'danger']);
    expect(level(null)).toBe('unknown');
  });

  it('is not known before the machine was reached', () => {
    expect(machineMemoryRatio({ memory_used_bytes: 5, engine: null })).toBeNull();
  });
});

describe('the memory of a container', () => {
  it('has no share of a limit it does not have', () => {
    expect(limitRatio({ memory_usage_bytes: 50, memory_limit_bytes: null })).toBeNull();
    expect(limitRatio({ memory_usage_bytes: null, memory_limit_bytes: 100 })).toBeNull();
    expect(limitRatio({ memory_usage_bytes: 50, memory_limit_bytes: 100 })).toBe(0.5);
  });
});

describe('the state of a host', () => {
  it('sorts by urgency, and a host that misses its ticks is not well', () => {
    const connection = (state: string) => ({ state: { state } }) as HostRow['connection'];
    const words = ['connected', 'paused', 'connecting', 'unreachable'].map((state) =>
      stateWord({ connection: connection(state), stale: state !== 'connected' }),
    );
    words.push(stateWord({ connection: connection('connected'), stale: true }));
    expect(words.sort().reverse()).toEqual(['unreachable', 'stale', 'paused', 'connecting', 'connected']);
  });
});

describe('the name of an exported file', () => {
  it('holds nothing a path could be made of', () => {
    expect(fileSafe('../etc/пристань 1')).toBe('.._etc_пристань_1');
  });
});
