/** How good or bad something is, for shapes and colours. */
import type { Accuracy, ContainerRow, HostState, MemoryLevel } from '$lib/bindings';

/** From well to bad; `idle` is neither, `busy` is on its way. */
export type Tone = 'ok' | 'warn' | 'danger' | 'idle' | 'busy';

/** Tone of a host's connection. */
export function toneOfHost(state: HostState['state']): Tone {
  const tones = { connected: 'ok', connecting: 'busy', unreachable: 'danger', paused: 'idle' } as const;
  return tones[state];
}

/** Tone of an app's P95 against its limit. */
export function toneOfAccuracy(accuracy: Accuracy): Tone {
  const tones = { roomy: 'ok', fitting: 'warn', over: 'danger', unknown: 'idle' } as const;
  return tones[accuracy];
}

/** Tone of a memory value against its limit. */
export function toneOfLevel(level: MemoryLevel): Tone {
  const tones = { ok: 'ok', warn: 'warn', danger: 'danger', unknown: 'idle' } as const;
  return tones[level];
}

/** Tone of a container: what it does, then how it feels. */
export function toneOfContainer(container: Pick<ContainerRow, 'state' | 'health' | 'exit_code' | 'oom_killed'>): Tone {
  if (container.state === 'running') {
    if (container.health === 'unhealthy') return 'danger';
    return container.health === 'starting' ? 'busy' : 'ok';
  }
  if (container.state === 'restarting' || container.state === 'dead' || container.oom_killed) return 'danger';
  return container.state === 'exited' && (container.exit_code ?? 0) !== 0 ? 'warn' : 'idle';
}
