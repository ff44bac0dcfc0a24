/** Whether a chart that should go on still does, and whether all of it is measured. */
import type { Columns } from './columns';

/** What is known of the end of a chart. */
export interface End {
  /** Start of the last bucket with a tick; absent when there is none. */
  last: number | null;
  bucket: number;
  now: number;
}

/** A round over many hosts takes this long beside its interval. */
const ROUND_MS = 30_000;

/** How long ago the measuring ended; `null` while it goes on. */
export function endedAgo({ last, bucket, now }: End): number | null {
  if (last === null) return null;
  const age = now - (last + bucket);
  return age > 2 * bucket + ROUND_MS ? age : null;
}

/** So long after its end the newest bucket may still lack hosts that are being read. */
export const COMING_IN_MS = 10_000;

/** Whether what is missing in a bucket may still come. */
export function comingIn(
  { times, bucket_ms, range }: Pick<Columns, 'times' | 'bucket_ms' | 'range'>,
  at: number,
): boolean {
  return at === times.length - 1 && (times[at] ?? 0) + bucket_ms + COMING_IN_MS > range.to_ms;
}

/** How many containers are measured of how many, when that has not been all of them twice in a row. */
export function missing(columns: Columns): { measured: number; expected: number } | null {
  const last = columns.times.length - 1;
  const at = comingIn(columns, last) ? last - 1 : last;
  if (at < 1 || columns.complete[at] !== false || columns.complete[at - 1] !== false) return null;
  const [measured, expected] = [columns.containers[at] ?? 0, columns.expected[at] ?? 0];
  return measured < expected ? { measured, expected } : null;
}
