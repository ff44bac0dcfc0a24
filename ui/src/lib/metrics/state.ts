/** Whether a chart that should go on still does. */

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
