import { describe, expect, it } from 'vitest';
import type { MetricsSeries } from '$lib/bindings';
import { Columns, lineColumns, nearest } from './columns';
import { lineOf, seriesOf } from './testing';

const memory = (columns: Columns, at = 0) => columns.lines[at]?.memory_avg_bytes;

describe('a chart that goes on', () => {
  it('puts what came since to its end, and the last bucket anew in its place', () => {
    const columns = new Columns(seriesOf(0, [lineOf([1, 2, 3])]));
    const times = columns.times;
    columns.append(seriesOf(20, [lineOf([33, 4])]), 40);
    expect(columns.times).toEqual([0, 10, 20, 30]);
    expect(memory(columns)).toEqual([1, 2, 33, 4]);
    expect(columns.times, 'in place, not copied').toBe(times);
    expect(columns.range).toEqual({ from_ms: 0, to_ms: 40 });
  });

  it('drops what slid out at its left, but not the bucket that still reaches in', () => {
    const columns = new Columns(seriesOf(0, [lineOf([1, 2, 3])]));
    columns.append(seriesOf(20, [lineOf([3, 4, 5, 6])]), 35);
    expect(columns.range).toEqual({ from_ms: 25, to_ms: 60 });
    expect(columns.times).toEqual([20, 30, 40, 50]);
    for (const name of lineColumns) expect(columns.lines[0]?.[name], name).toHaveLength(4);
    expect(columns.complete).toHaveLength(4);
  });

  it('stays as long as its span, however often it is added to', () => {
    const columns = new Columns(seriesOf(0, [lineOf(Array<number>(100).fill(1))]));
    for (let at = 100; at < 2000; at += 1) columns.append(seriesOf((at - 1) * 10, [lineOf([1, 1])]), 1000);
    expect(columns.times.length).toBeLessThanOrEqual(101);
    expect(memory(columns)).toHaveLength(columns.times.length);
  });

  it('makes nothing up where a tick is missing', () => {
    const columns = new Columns(seriesOf(0, [lineOf([1, 2])]));
    columns.append(seriesOf(10, [lineOf([2, 5])], { times_ms: [10, 60], range: { from_ms: 10, to_ms: 70 } }), 100);
    expect(columns.times).toEqual([0, 10, 60]);
  });

  it('has gaps in a line that was not measured, and takes in one that is new', () => {
    const columns = new Columns(seriesOf(0, [lineOf([1, 2], { name: 'a' })]));
    columns.append(seriesOf(10, [lineOf([7, 8], { name: 'b' })]), 100);
    expect(memory(columns)).toEqual([1, null, null]);
    expect(columns.lines[1]?.name).toBe('b');
    expect(memory(columns, 1), 'it was not there before').toEqual([null, 7, 8]);
  });

  it('keeps the lines of a chart that left some out: the others have a past it does not know', () => {
    const columns = new Columns(seriesOf(0, [lineOf([1, 2], { name: 'a' })], { lines_left_out: 3 }));
    columns.append(seriesOf(10, [lineOf([2, 3], { name: 'a' }), lineOf([9, 9], { name: 'b' })]), 100);
    expect(columns.lines.map(({ name }) => name)).toEqual(['a']);
    expect(columns.lines_left_out).toBe(3);
  });

  it('lets lines go of which nothing is left, and never grows without end', () => {
    const columns = new Columns(seriesOf(0, [lineOf([1, 2], { name: 'first' })]));
    for (let at = 1; at < 200; at += 1) {
      columns.append(seriesOf(at * 10, [lineOf([5, 5], { name: `made anew ${at}` })]), 50);
    }
    expect(columns.lines.length).toBeLessThan(10);
    expect(columns.lines.map(({ name }) => name)).not.toContain('first');
  });

  it('asks again from the last bucket, or from a late one shortly before', () => {
    const complete = [false, true, true, true, true, true];
    const columns = new Columns(seriesOf(0, [lineOf([1, 1, 1, 1, 1, 1])], { complete }));
    expect(columns.resumeMs, 'the first is long past').toBe(50);
    columns.complete[3] = false;
    expect(columns.resumeMs).toBe(30);
    expect(new Columns(seriesOf(0, [lineOf([])])).resumeMs).toBeNull();
  });

  it('takes only what fits to its end', () => {
    const columns = new Columns(seriesOf(0, [lineOf([1, 2])]));
    expect(columns.takes(seriesOf(10, [lineOf([1])]))).toBe(true);
    expect(columns.takes(seriesOf(10, [lineOf([])])), 'nothing came').toBe(true);
    expect(columns.takes(seriesOf(10, [lineOf([1])], { bucket_ms: 20 })), 'longer buckets').toBe(false);
    expect(columns.takes(seriesOf(14, [lineOf([1])])), 'a bucket cut in two').toBe(false);
  });

  it('has a gap where the next tick was due and did not come', () => {
    const at = (times_ms: number[], rest: Partial<MetricsSeries> = {}) =>
      new Columns(seriesOf(0, [lineOf(times_ms.map(() => 1))], { times_ms, ...rest })).gaps();
    expect(at([0, 10, 24, 34, 50])).toEqual([4]);
    expect(at([0, 10, 26, 36])).toEqual([2]);
    // Measured every 15 in buckets of 10: two in three hold a tick, and none is missing. One tick is missing then.
    const seldom = { intervals: [{ from_ms: 0, interval_ms: 15 }] };
    expect(at([0, 10, 30, 40, 60, 70], seldom)).toEqual([]);
    expect(at([0, 10, 40, 60], seldom)).toEqual([2]);
    // From 60 on measured every 5.
    const sooner = { intervals: [...seldom.intervals, { from_ms: 60, interval_ms: 5 }] };
    expect(at([30, 40, 60, 70, 90], sooner)).toEqual([4]);
    expect(at([0, 100], { intervals: [], bucket_ms: 100, source: 'reports' })).toEqual([]);
  });

  it('remembers how often it was measured, as far back as it goes', () => {
    const since = (from_ms: number, interval_ms: number) => ({ from_ms, interval_ms });
    const columns = new Columns(seriesOf(0, [lineOf([1, 2, 3])]));
    columns.append(seriesOf(20, [lineOf([3, 4])]), 100);
    expect(columns.intervals, 'the same goes on').toEqual([since(0, 10)]);
    columns.append(seriesOf(30, [lineOf([4, 5])], { intervals: [since(30, 10), since(40, 5)] }), 100);
    expect(columns.intervals).toEqual([since(0, 10), since(40, 5)]);
    columns.append(seriesOf(40, [lineOf([5, 6])], { intervals: [since(40, 5)] }), 100);
    expect(columns.intervals).toEqual([since(0, 10), since(40, 5)]);
    columns.append(seriesOf(50, [lineOf([6, 7])], { intervals: [since(50, 5)] }), 20);
    expect(columns.intervals, 'what slid out is forgotten').toEqual([since(40, 5)]);
  });

  it('knows from when on it is not drawn', () => {
    const columns = new Columns(seriesOf(0, [lineOf([1, 2, 3])]));
    expect(columns.undrawnMs).toBe(Number.NEGATIVE_INFINITY);
    columns.undrawnMs = Number.POSITIVE_INFINITY;
    columns.append(seriesOf(20, [lineOf([3, 4])]), 100);
    columns.append(seriesOf(30, [lineOf([4, 5])]), 100);
    expect(columns.undrawnMs, 'of both').toBe(20);
  });

  it('leaves empty what is not told', () => {
    const untold = () => ({ memory_min_bytes: [], memory_peak_bytes: [], network_rx_bytes_per_s: [] });
    const columns = new Columns(seriesOf(0, [lineOf([1, 2], untold())]));
    columns.append(seriesOf(10, [lineOf([2, 3], untold()), lineOf([7, 8], { name: 'new', ...untold() })]), 100);
    for (const line of columns.lines) {
      expect(line.memory_min_bytes).toEqual([]);
      expect(line.network_rx_bytes_per_s).toEqual([]);
    }
    // Told from now on: what came before has none.
    columns.append(seriesOf(20, [lineOf([3, 4])]), 100);
    expect(columns.lines[0]?.memory_min_bytes).toEqual([null, null, 3, 4]);
  });

  it('knows the tick that is nearest, and that there is none', () => {
    expect(nearest([0, 10, 20], 14, 15)).toBe(1);
    expect(nearest([0, 10, 20], 16, 15)).toBe(2);
    expect(nearest([0, 10, 200], 100, 15)).toBeNull();
    expect(nearest([], 0, 15)).toBeNull();
  });
});
