/** What is to be drawn of a chart: its lines with their strokes, and the axes they need. Pure: no canvas, no clock. */
import type { MetricsLine, TimeRange } from '$lib/bindings';
import { highest, type Values } from '$lib/chart/lines';
import { limitInSight } from '$lib/chart/memoryOption';
import { type Columns, lineKey } from './columns';
import type { Pane, PaneKind } from './panes';
import { byteScale, coreScale, type Scale, stepsOf } from './scale';
import { comingIn } from './state';

/** A colour by its name in the theme: `--chart-avg`. */
export type Ink = `chart-${string}` | 'text-3';

/** How a line is stroked. */
export interface Stroke {
  ink: Ink;
  width: number;
  dash: readonly number[];
}

/** What can be put out of sight by its entry in the legend. */
export interface Entry {
  key: string;
  /** Name of a service or container, or nothing for the whole. */
  line: MetricsLine | null;
  what: 'memory' | 'cpu' | 'limit' | 'line';
  stroke: Stroke;
}

/** A line of a pane. */
export interface PlotLine {
  values: Values;
  /** The least and the highest of each bucket, drawn as a band behind the line. */
  low?: Values;
  high?: Values;
  stroke: Stroke;
  /** The axis it is drawn on. */
  max: number;
  /** Stays at its value until the next. */
  steps?: boolean;
}

/** A pane with what is drawn in it. */
export interface PlotPane extends Pane {
  lines: PlotLine[];
  /** The axis at its left; absent where the pane has none there. */
  left: Scale | null;
  right: Scale | null;
}

/** A drawing. */
export interface Plot {
  /** What the time axis shows. */
  range: TimeRange;
  bucket_ms: number;
  times: readonly number[];
  /** Places with a gap before them, ascending. */
  gaps: readonly number[];
  panes: PlotPane[];
  /** Spans in which not every container was measured. */
  incomplete: TimeRange[];
  /** The limit that is meant, and whether it is within the drawing. */
  limit: Limit | null;
}

/** The line memory should stay under. */
export interface Limit {
  bytes: number;
  kind: 'limit' | 'host_memory';
  inSight: boolean;
}

/** How the values of the whole are stroked: told apart by width and dashes, so that nobody has to know the colours. */
export const strokes = {
  memory: { ink: 'chart-avg', width: 2.2, dash: [] },
  cpu: { ink: 'chart-cpu', width: 1, dash: [] },
  limit: { ink: 'chart-limit', width: 1.4, dash: [9, 5] },
  host_memory: { ink: 'text-3', width: 1.4, dash: [2, 4] },
} as const satisfies Record<string, Stroke>;

const dashes: ReadonlyArray<readonly number[]> = [[], [6, 3], [2, 3]];

/** The stroke of the line at a place: eight colours, then the same dashed, then dotted. */
export function strokeOf(place: number): Stroke {
  return { ink: `chart-${(place % 8) + 1}`, width: 1.6, dash: dashes[Math.floor(place / 8) % dashes.length] ?? [] };
}

/** A second value of the same line: what is sent beside what is received. */
function second(stroke: Stroke): Stroke {
  return { ...stroke, width: Math.max(1, stroke.width - 0.5), dash: [3, 3] };
}

/** What the legend has, in the order of the lines. */
export function entriesOf(columns: Columns, apart: boolean): Entry[] {
  if (apart) {
    return columns.lines.map((line, place) => ({
      key: lineKey(line),
      line,
      what: 'line' as const,
      stroke: strokeOf(place),
    }));
  }
  const whole = columns.lines[0] ?? null;
  const entries: Entry[] = [
    { key: 'memory', line: whole, what: 'memory', stroke: strokes.memory },
    { key: 'cpu', line: whole, what: 'cpu', stroke: strokes.cpu },
  ];
  const limit = whole && limitOf(columns, [whole]);
  if (limit) entries.push({ key: 'limit', line: whole, what: 'limit', stroke: strokes[limit.kind] });
  return entries;
}

/** What to draw. `hidden` holds keys of entries. */
export function plotOf(
  columns: Columns,
  panes: readonly Pane[],
  range: TimeRange,
  apart: boolean,
  hidden: ReadonlySet<string>,
): Plot {
  const shown = entriesOf(columns, apart).filter(({ key }) => !hidden.has(key));
  const lines = shown.flatMap(({ line, stroke, what }) => (line && what !== 'limit' ? [{ line, stroke, what }] : []));
  const limit =
    lines.length === 1 || !apart
      ? limitOf(
          columns,
          lines.map(({ line }) => line),
        )
      : null;
  const limitShown = limit && (apart || (!hidden.has('limit') && !hidden.has('memory'))) ? limit : null;
  const drawn: Record<PaneKind, () => Omit<PlotPane, keyof Pane>> = {
    both: () => bothPane(columns, lines, limitShown),
    memory: () => memoryPane(columns, lines, limitShown),
    cpu: () => cpuPane(lines, null),
    network: () => ratePane(unique(lines), 'network_rx_bytes_per_s', 'network_tx_bytes_per_s', apart),
    block: () => ratePane(unique(lines), 'block_read_bytes_per_s', 'block_write_bytes_per_s', apart),
  };
  return {
    range,
    bucket_ms: columns.bucket_ms,
    times: columns.times,
    gaps: columns.gaps(),
    panes: panes.map((pane) => ({ ...pane, ...drawn[pane.kind]() })),
    incomplete: incompleteSpans(columns),
    limit: limitShown,
  };
}

interface Shown {
  line: MetricsLine;
  stroke: Stroke;
  what: Entry['what'];
}

function bothPane(columns: Columns, lines: readonly Shown[], limit: Limit | null): Omit<PlotPane, keyof Pane> {
  const memory = memoryPane(
    columns,
    lines.filter(({ what }) => what === 'memory'),
    limit,
  );
  const steps = memory.right ? stepsOf(memory.right) : 4;
  const cpu = cpuPane(
    lines.filter(({ what }) => what === 'cpu'),
    steps,
  );
  // Memory over CPU: the calmer line stays in sight.
  return { lines: [...cpu.lines, ...memory.lines], left: cpu.left, right: memory.right };
}

function memoryPane(columns: Columns, lines: readonly Shown[], limit: Limit | null): Omit<PlotPane, keyof Pane> {
  const top = highest(...lines.flatMap(({ line }) => [line.memory_peak_bytes, line.memory_avg_bytes]));
  const right = byteScale(Math.max(top * 1.04, limit?.inSight ? limit.bytes * 1.02 : 0));
  const drawn = lines.map(({ line, stroke }): PlotLine => ({
    values: line.memory_avg_bytes,
    low: line.memory_min_bytes,
    high: line.memory_peak_bytes,
    stroke,
    max: right.max,
  }));
  if (limit?.inSight) {
    const own = lines[0]?.line.limit_bytes ?? [];
    const values = limit.kind === 'limit' ? own : columns.times.map(() => limit.bytes);
    drawn.push({ values, stroke: strokes[limit.kind], max: right.max, steps: true });
  }
  return { lines: drawn, left: null, right };
}

function cpuPane(lines: readonly Shown[], steps: number | null): Omit<PlotPane, keyof Pane> {
  const top = highest(...lines.flatMap(({ line }) => [line.cpu_peak_cores, line.cpu_avg_cores]));
  // Beside memory, whose steps it takes over, it has room above: both lines are rarely in the same place.
  const left = coreScale(top * (steps === null ? 1.04 : 1.3), steps);
  return {
    lines: lines.map(({ line, stroke }) => ({
      values: line.cpu_avg_cores,
      low: line.cpu_avg_cores,
      high: line.cpu_peak_cores,
      stroke: steps === null ? { ...stroke, width: 1.2 } : stroke,
      max: left.max,
    })),
    left,
    right: null,
  };
}

type RateColumn = Extract<keyof MetricsLine, `${string}_per_s`>;

function ratePane(
  lines: readonly Shown[],
  inward: RateColumn,
  outward: RateColumn,
  apart: boolean,
): Omit<PlotPane, keyof Pane> {
  const left = byteScale(highest(...lines.flatMap(({ line }) => [line[inward], line[outward]])) * 1.04, 2);
  const drawn = lines.flatMap(({ line, stroke }): PlotLine[] => {
    const own = apart ? stroke : { ...strokes.memory, width: 1.6 };
    return [
      { values: line[inward], stroke: own, max: left.max },
      { values: line[outward], stroke: second(own), max: left.max },
    ];
  });
  return { lines: drawn, left, right: null };
}

/** Of the whole, memory and CPU are entries of one line. */
function unique(lines: readonly Shown[]): Shown[] {
  const seen = new Set<MetricsLine>();
  return lines.filter(({ line }) => !seen.has(line) && seen.add(line));
}

/**
 * The line memory should stay under: the limits where there are some, else the memory of the hosts. Far above it would press
 * the lines to the floor: a limit is then told in words only, and the hosts have nothing to say.
 */
export function limitOf(columns: Columns, lines: readonly MetricsLine[]): Limit | null {
  const [line] = lines;
  if (!line) return null;
  const top = highest(line.memory_peak_bytes, line.memory_avg_bytes);
  const own = line.limit_bytes.findLast((value) => value !== null) ?? null;
  if (own !== null) {
    const bytes = highest(line.limit_bytes);
    return { bytes, kind: 'limit', inSight: limitInSight(bytes, top) };
  }
  const hosts = columns.host_memory_bytes;
  return hosts !== null && limitInSight(hosts, top) ? { bytes: hosts, kind: 'host_memory', inSight: true } : null;
}

/** Spans of neighbouring buckets in which not every container was measured. */
export function incompleteSpans(columns: Columns): TimeRange[] {
  const { times, complete, bucket_ms } = columns;
  const spans: TimeRange[] = [];
  for (let at = 0; at < times.length; at += 1) {
    if (complete[at] !== false) continue;
    const from = times[at] ?? 0;
    if (comingIn(columns, at)) continue;
    const last = spans.at(-1);
    if (last && from - last.to_ms <= bucket_ms / 2) last.to_ms = from + bucket_ms;
    else spans.push({ from_ms: from, to_ms: from + bucket_ms });
  }
  return spans;
}
