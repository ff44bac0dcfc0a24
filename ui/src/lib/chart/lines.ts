/** What the memory chart draws: lines over time in columns, from either kind of history. */
import type { History, HostId, TimeRange, WindowSeries } from '$lib/bindings';

/** Values over time; `null` is a gap. */
export type Values = ReadonlyArray<number | null>;

/** What one line is about. */
export interface ChartLine {
  /** The host; absent for all of them together. */
  host: HostId | null;
  /** Its name; empty for all of them together. */
  name: string;
  times_ms: readonly number[];
  avg_bytes: Values;
  peak_bytes: Values;
  cpu_cores: Values;
  /** Limit over time; all `null` where there is none. */
  limit_bytes: Values;
}

/** Everything one drawing shows. */
export interface ChartLines {
  range: TimeRange;
  bucket_ms: number;
  /** `ticks`: sums of every tick, as measured; `reports`: means of 15-minute reports or coarser. */
  grain: 'ticks' | 'reports';
  lines: ChartLine[];
}

/** What a value of the chart stands for: one host's own, the mean of the hosts, or their sum. */
export type Figure = 'own' | 'mean' | 'sum';

/**
 * What the values stand for. Reports of the whole fleet are means over hosts and ticks are sums, so the same app shows another
 * height in a short span than in a long one; on a single host they are the same thing, and simply its own.
 */
export function figureOf({ lines, grain }: ChartLines, hosts: number): Figure {
  const whole = lines.length === 1 && lines[0]?.host === null;
  if (!whole || hosts <= 1) return 'own';
  return grain === 'ticks' ? 'sum' : 'mean';
}

/** Spans up to this are drawn from ticks. */
export const TICKS_UP_TO_MS = 6 * 3_600_000;

/** The most hosts that are told apart in one chart. */
export const HOSTS_AT_MOST = 8;

/** Lines of a history of reports, in the order the hosts were chosen, which is the order of their colours. */
export function linesOfHistory(history: History, chosen: readonly HostId[]): ChartLines {
  const place = (host: HostId | null) => (host === null ? -1 : chosen.indexOf(host));
  const ordered = [...history.lines].sort((a, b) => place(a.host) - place(b.host));
  return {
    range: history.range,
    bucket_ms: history.bucket_ms,
    grain: 'reports',
    lines: ordered.map((line) => ({
      host: line.host,
      name: line.host_name,
      times_ms: history.times_ms,
      avg_bytes: line.avg_bytes,
      peak_bytes: line.peak_bytes,
      cpu_cores: line.cpu_cores,
      limit_bytes: line.limit_bytes,
    })),
  };
}

/** One host, or all, tick by tick. */
export interface Ticks {
  host: HostId | null;
  name: string;
  series: WindowSeries;
}

/** Lines of ticks; `null` when none of them was measured, as in a span older than ticks are kept. */
export function linesOfTicks(ticks: readonly Ticks[]): ChartLines | null {
  const [first] = ticks;
  if (!first || !ticks.some(({ series }) => series.memory_avg_bytes.some((value) => value !== null))) return null;
  return {
    range: first.series.range,
    bucket_ms: Math.max(...ticks.map(({ series }) => series.bucket_ms)),
    grain: 'ticks',
    lines: ticks.map(({ host, name, series }) => ({
      host,
      name,
      times_ms: series.times_ms,
      avg_bytes: series.memory_avg_bytes,
      peak_bytes: series.memory_peak_bytes,
      cpu_cores: series.cpu_avg_cores,
      limit_bytes: series.times_ms.map(() => series.limit_bytes),
    })),
  };
}

/** A point as ECharts takes it: `[time, value]`, with a mark of its own when nothing stands beside it. */
export type Point = [number, number | null] | { value: [number, number]; symbol: string; symbolSize: number };

/**
 * Points of a line. Where buckets are missing altogether a `null` is put in, so that no line runs across what was not measured;
 * a value without neighbours gets a dot, because a line of one point is invisible.
 */
export function pointsOf(times: readonly number[], values: Values, bucketMs: number): Point[] {
  const whole: Array<[number, number | null]> = [];
  times.forEach((time, at) => {
    const before = times[at - 1];
    if (before !== undefined && time - before > 1.5 * bucketMs) whole.push([before + bucketMs, null]);
    whole.push([time, values[at] ?? null]);
  });
  return whole.map(([time, value], at): Point => {
    const alone = (whole[at - 1]?.[1] ?? null) === null && (whole[at + 1]?.[1] ?? null) === null;
    return value !== null && alone ? { value: [time, value], symbol: 'circle', symbolSize: 4 } : [time, value];
  });
}

/** The largest measured value, 0 when there is none. */
export function highest(...columns: readonly Values[]): number {
  let top = 0;
  for (const column of columns) for (const value of column) if (value !== null && value > top) top = value;
  return top;
}

/** Whether anything was measured. */
export function anyMeasured(chart: ChartLines): boolean {
  return chart.lines.some((line) => line.avg_bytes.some((value) => value !== null));
}

/** The limit to draw: only where every line shares one at each moment, so that a line never stands for the wrong host. */
export function commonLimit(lines: readonly ChartLine[]): ChartLine | null {
  const [first, ...rest] = lines;
  if (!first || !first.limit_bytes.some((value) => value !== null)) return null;
  const last = (line: ChartLine) => line.limit_bytes.findLast((value) => value !== null) ?? null;
  return rest.every((line) => last(line) === last(first)) ? first : null;
}
