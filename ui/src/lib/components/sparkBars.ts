/** The bars of a sparkline of counts. */

/** One bar. */
export interface SparkBar {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** At least this wide with its gap: thinner bars are put together. */
const STEP_PX = 3;

/** The bars of `counts` in a box of `width` by `height`; what is above zero is seen, however small it is. */
export function sparkBars(counts: readonly number[], width: number, height: number): SparkBar[] {
  const merged = mergedTo(counts, Math.max(1, Math.floor(width / STEP_PX)));
  const highest = Math.max(1, ...merged);
  const step = width / Math.max(1, merged.length);
  return merged.flatMap((count, at) => {
    if (count <= 0) return [];
    const tall = Math.max(1.5, (count / highest) * height);
    return [{ x: round(at * step), y: round(height - tall), width: round(Math.max(1, step - 1)), height: round(tall) }];
  });
}

/** Neighbours added up until there are at most `most` of them. The newest group is whole, the oldest may be short. */
function mergedTo(counts: readonly number[], most: number): number[] {
  const size = Math.max(1, Math.ceil(counts.length / most));
  if (size === 1) return [...counts];
  const groups: number[] = [];
  for (let end = counts.length; end > 0; end -= size) {
    groups.unshift(counts.slice(Math.max(0, end - size), end).reduce((sum, count) => sum + count, 0));
  }
  return groups;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
