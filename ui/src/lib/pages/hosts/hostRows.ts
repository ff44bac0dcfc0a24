/** What a row of a hosts table is compared and filtered by. */
import type { ContainerRow, HostRow, MemoryLevel } from '$lib/bindings';

/** The share of a machine's memory its containers use; `null` when one of the two is not known. */
export function machineMemoryRatio(row: Pick<HostRow, 'memory_used_bytes' | 'engine'>): number | null {
  const total = row.engine?.memory_bytes ?? 0;
  return row.memory_used_bytes === null || total <= 0 ? null : row.memory_used_bytes / total;
}

/** How full the machine is, by the thresholds every level uses: 80 % and 95 %. */
export function machineLevel(row: Pick<HostRow, 'memory_used_bytes' | 'engine'>): MemoryLevel {
  const ratio = machineMemoryRatio(row);
  if (ratio === null) return 'unknown';
  if (ratio < 0.8) return 'ok';
  return ratio <= 0.95 ? 'warn' : 'danger';
}

/** The engine in one short text: `Docker 27.3.1`. */
export function engineName(row: Pick<HostRow, 'engine'>): string | null {
  return row.engine === null ? null : `${row.engine.kind} ${row.engine.version}`;
}

/**
 * A host's state in one word that sorts by urgency: falling, what is unreachable comes first, then stale, paused, connecting,
 * connected.
 */
export function stateWord(row: Pick<HostRow, 'connection' | 'stale'>): string {
  const { state } = row.connection.state;
  return state === 'connected' && row.stale ? 'stale' : state;
}

/** The share of its limit a container's memory takes, as the OOM killer counts; `null` without limit or reading. */
export function limitRatio(row: Pick<ContainerRow, 'memory_usage_bytes' | 'memory_limit_bytes'>): number | null {
  const { memory_usage_bytes: usage, memory_limit_bytes: limit } = row;
  return usage === null || limit === null || limit <= 0 ? null : usage / limit;
}

/** A host's name as part of a file's name. */
export function fileSafe(name: string): string {
  return name.replace(/[^\p{L}\p{N}.-]+/gu, '_');
}
