/**
 * The columns of a chart that goes on: what was answered first, and what is put to its end as it comes. Plain arrays that are
 * changed in place: an app over six hours has thousands of values, and a tick adds one of each.
 */
import type { MetricsLine, MetricsSeries, MetricsSource, TickInterval, TimeRange } from '$lib/bindings';

/** Columns of a line, by name. */
export const lineColumns = [
  'memory_min_bytes',
  'memory_avg_bytes',
  'memory_peak_bytes',
  'cpu_avg_cores',
  'cpu_peak_cores',
  'network_rx_bytes_per_s',
  'network_tx_bytes_per_s',
  'block_read_bytes_per_s',
  'block_write_bytes_per_s',
  'limit_bytes',
] as const satisfies ReadonlyArray<keyof MetricsLine>;

/** More lines than this are not kept, however often containers are made anew while the chart stays open. */
const MOST_LINES = 40;
/** So many of the last buckets are asked for again while one of them is incomplete: a slow host may only be late. */
const LATE_BUCKETS = 4;
/** Neighbours further apart than this many buckets, or intervals, have a gap between them. */
const GAP_RATIO = 1.5;

/** What tells two lines apart. */
export function lineKey({ name, host_name }: Pick<MetricsLine, 'name' | 'host_name'>): string {
  return `${name}\n${host_name ?? ''}`;
}

/** A chart that can be added to. */
export class Columns {
  range: TimeRange;
  /** Length of a bucket. */
  readonly bucket_ms: number;
  readonly source: MetricsSource;
  /** Starts of the buckets that hold a tick, ascending. */
  readonly times: number[];
  readonly containers: number[];
  readonly expected: number[];
  readonly complete: boolean[];
  /** How often it was measured, from when on. */
  intervals: TickInterval[];
  lines: MetricsLine[];
  lines_left_out: number;
  host_memory_bytes: number | null;
  /** From when on values are not drawn yet: all of a new chart. Whoever draws it sets it to the end. */
  undrawnMs = Number.NEGATIVE_INFINITY;

  constructor(series: MetricsSeries) {
    this.range = series.range;
    this.bucket_ms = Math.max(1, series.bucket_ms);
    this.source = series.source;
    this.times = series.times_ms;
    this.containers = series.containers;
    this.expected = series.expected;
    this.complete = series.complete;
    this.intervals = series.intervals;
    this.lines = series.lines;
    this.lines_left_out = series.lines_left_out;
    this.host_memory_bytes = series.host_memory_bytes;
  }

  /** Whether any line has a value of memory or CPU. */
  get measured(): boolean {
    return this.lines.some(
      (line) =>
        line.memory_avg_bytes.some((value) => value !== null) || line.cpu_avg_cores.some((value) => value !== null),
    );
  }

  /** Places with a gap before them, ascending: nothing was measured for longer than it takes to the next tick. */
  gaps(): number[] {
    const { times, intervals, bucket_ms } = this;
    const found: number[] = [];
    let next = 0;
    let interval = 0;
    for (let at = 1; at < times.length; at += 1) {
      const before = times[at - 1] ?? 0;
      // A bucket is named by its start; the tick it holds may come later in it.
      while (next < intervals.length && (intervals[next]?.from_ms ?? 0) < before + bucket_ms) {
        interval = intervals[next]?.interval_ms ?? 0;
        next += 1;
      }
      const reach = interval > bucket_ms ? GAP_RATIO * interval + bucket_ms / 2 : GAP_RATIO * bucket_ms;
      if ((times[at] ?? 0) - before > reach) found.push(at);
    }
    return found;
  }

  /**
   * From when on the rest is to be asked for: the start of the last bucket, which may have gone on, or of one shortly before it
   * that was not complete; `null` when there is nothing to add to.
   */
  get resumeMs(): number | null {
    const last = this.times.length - 1;
    for (let at = Math.max(0, last - LATE_BUCKETS + 1); at <= last; at += 1) {
      if (this.complete[at] === false) return this.times[at] ?? null;
    }
    return this.times[last] ?? null;
  }

  /** Whether `part` fits to the end of this chart: buckets of the same length, and none of them cut in two. */
  takes(part: MetricsSeries): boolean {
    const first = part.times_ms[0];
    const last = this.times.findLast((time) => time < part.range.from_ms);
    return (
      part.bucket_ms === this.bucket_ms &&
      (first === undefined || last === undefined || first - last >= this.bucket_ms * 0.99)
    );
  }

  /** Puts `part` in the place of everything from its beginning on, and drops what `length` no longer reaches back to. */
  append(part: MetricsSeries, length: number): void {
    const keep = firstFrom(this.times, part.range.from_ms);
    this.undrawnMs = Math.min(this.undrawnMs, part.range.from_ms);
    const added = part.times_ms.length;
    for (const column of this.#shared()) column.length = keep;
    this.times.push(...part.times_ms);
    this.containers.push(...part.containers);
    this.expected.push(...part.expected);
    this.complete.push(...part.complete);

    const since = this.intervals.filter(({ from_ms }) => from_ms < part.range.from_ms);
    const goesOn = since.at(-1)?.interval_ms === part.intervals[0]?.interval_ms;
    this.intervals = [...since, ...part.intervals.slice(goesOn ? 1 : 0)];

    const parts = new Map(part.lines.map((line) => [lineKey(line), line]));
    for (const line of this.lines) {
      const more = parts.get(lineKey(line));
      parts.delete(lineKey(line));
      for (const name of lineColumns) extend(line[name], keep, more?.[name], added);
    }
    // A line that was left out so far has a past that is not here: it is not shown as if it had none.
    const complete = this.lines_left_out === 0;
    let left = part.lines_left_out;
    for (const line of parts.values()) {
      if (complete && this.lines.length < MOST_LINES) this.lines.push(shifted(line, keep));
      else left += 1;
    }
    this.lines_left_out = Math.max(this.lines_left_out, left);
    this.host_memory_bytes = part.host_memory_bytes ?? this.host_memory_bytes;
    this.range = { from_ms: part.range.to_ms - length, to_ms: part.range.to_ms };
    // The bucket that still reaches into the span stays.
    this.#drop(firstFrom(this.times, this.range.from_ms - this.bucket_ms + 1));
  }

  /** Takes the first `count` buckets away, and lines of which nothing is left. */
  #drop(count: number): void {
    if (count === 0) return;
    for (const column of this.#shared()) column.splice(0, count);
    for (const line of this.lines) for (const name of lineColumns) line[name].splice(0, count);
    const first = this.times[0] ?? this.range.from_ms;
    this.intervals = this.intervals.filter((_, at) => (this.intervals[at + 1]?.from_ms ?? first + 1) > first);
    if (this.lines.length > 1) this.lines = this.lines.filter(hasValue);
  }

  #shared(): unknown[][] {
    return [this.times, this.containers, this.expected, this.complete];
  }
}

/** Index of the first time that is not before `from`. */
export function firstFrom(times: readonly number[], from: number): number {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((times[middle] ?? 0) < from) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Index of the time nearest to `at`; `null` when none is within `reach`. */
export function nearest(times: readonly number[], at: number, reach: number): number | null {
  const after = firstFrom(times, at);
  const far = (index: number) => Math.abs((times[index] ?? Number.POSITIVE_INFINITY) - at);
  const index = after > 0 && far(after - 1) <= far(after) ? after - 1 : after;
  return far(index) <= reach ? index : null;
}

function extend<T>(
  column: Array<T | null>,
  keep: number,
  more: ReadonlyArray<T | null> | undefined,
  added: number,
): void {
  // What was never told is not there at all.
  if (column.length === 0 && (more?.length ?? 0) === 0) return;
  column.length = Math.min(column.length, keep);
  // Never shorter than the times: a hole would be read as a value that was forgotten.
  while (column.length < keep) column.push(null);
  for (let at = 0; at < added; at += 1) column.push(more?.[at] ?? null);
}

function shifted(line: MetricsLine, by: number): MetricsLine {
  const moved = { ...line };
  for (const name of lineColumns) {
    if (line[name].length > 0) moved[name] = [...Array<null>(by).fill(null), ...line[name]];
  }
  return moved;
}

function hasValue(line: MetricsLine): boolean {
  return line.memory_avg_bytes.some((value) => value !== null) || line.cpu_avg_cores.some((value) => value !== null);
}
