/** Counts per bucket, put together until they can be told apart in a drawing. */
import type { TimeRange } from '$lib/bindings';

/** Bars of one chart. */
export interface Bars {
  bucket_ms: number;
  /** Starts of buckets. */
  times_ms: readonly number[];
  counts: readonly number[];
}

/** More bars than this are too thin to be pointed at. */
const MOST_BARS = 180;
/** How many buckets may be put together: spans that people count in, when a bucket is an hour. */
const GROUPS = [1, 2, 3, 4, 6, 12, 24, 48, 168];

/** The bars of `range`, or of all: each as many buckets as it takes to be seen. */
export function barsOf(all: Bars, range: TimeRange | null): Bars {
  const inside = all.times_ms
    .map((time, at) => ({ time, count: all.counts[at] ?? 0 }))
    .filter(({ time }) => range === null || (time + all.bucket_ms > range.from_ms && time < range.to_ms));
  const needed = inside.length / MOST_BARS;
  const group = GROUPS.find((size) => size >= needed) ?? Math.ceil(needed);
  const bucket = group * all.bucket_ms;
  const sums = new Map<number, number>();
  for (const { time, count } of inside) {
    const start = Math.floor(time / bucket) * bucket;
    sums.set(start, (sums.get(start) ?? 0) + count);
  }
  return { bucket_ms: bucket, times_ms: [...sums.keys()], counts: [...sums.values()] };
}

/** The span the bars stand for. */
export function spanOf(bars: Bars): TimeRange {
  const [first] = bars.times_ms;
  const last = bars.times_ms.at(-1);
  return { from_ms: first ?? 0, to_ms: (last ?? 0) + bars.bucket_ms };
}
