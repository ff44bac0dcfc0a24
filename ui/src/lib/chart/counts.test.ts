import { describe, expect, it } from 'vitest';
import { sparkBars } from '$lib/components/sparkBars';
import { barsOf, spanOf } from './counts';

const HOUR = 3_600_000;
const start = Date.UTC(2026, 2, 1);
const hours = (count: number) => ({
  bucket_ms: HOUR,
  times_ms: Array.from({ length: count }, (_, at) => start + at * HOUR),
  counts: Array.from({ length: count }, (_, at) => at % 5),
});
const sum = (counts: readonly number[]) => counts.reduce((a, b) => a + b, 0);

describe('bars', () => {
  it('stand for one bucket each while there are few', () => {
    expect(barsOf(hours(48), null)).toEqual(hours(48));
  });

  it('are put together until they can be told apart, and lose nothing', () => {
    const bars = barsOf(hours(720), null);
    expect(bars.counts.length).toBeLessThanOrEqual(181);
    expect(sum(bars.counts)).toBe(sum(hours(720).counts));
    expect(bars.bucket_ms % HOUR).toBe(0);
    expect(spanOf(bars)).toEqual({ from_ms: start, to_ms: start + 720 * HOUR });
  });

  it('are finer where they are looked at closer', () => {
    const bars = barsOf(hours(720), { from_ms: start + 10 * HOUR, to_ms: start + 20 * HOUR });
    expect(bars.bucket_ms).toBe(HOUR);
    expect(bars.counts).toHaveLength(10);
  });
});

describe('bars in a row', () => {
  it('are seen however small they are, and not where nothing was', () => {
    const bars = sparkBars([0, 1, 1_000_000], 96, 20);
    expect(bars).toHaveLength(2);
    expect(bars[0]?.height).toBeGreaterThan(1);
    expect(bars[1]?.height).toBe(20);
  });

  it('stay inside their box, however many', () => {
    const bars = sparkBars(
      Array.from({ length: 720 }, () => 3),
      96,
      20,
    );
    expect(bars.length).toBeLessThanOrEqual(32);
    expect(Math.max(...bars.map(({ x, width }) => x + width))).toBeLessThanOrEqual(96);
    expect(sparkBars([], 96, 20)).toEqual([]);
  });
});
