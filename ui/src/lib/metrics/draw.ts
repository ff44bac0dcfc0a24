/**
 * Draws the lines of the live metrics on a canvas of their own, below the axes that ECharts draws. A tick is then a few strokes
 * and no pass through a chart library, which costs several times the script.
 *
 * Strokes are cut into short pieces: the web view of the desktop takes 40 ms to stroke 1,400 restless points as one path, and
 * half a millisecond to stroke them in pieces.
 */
import type { Values } from '$lib/chart/lines';
import { firstFrom } from './columns';
import { PLOT_LEFT_PX, plotWidth } from './panes';
import type { Ink, Plot, PlotLine, PlotPane } from './plot';
import { stepsOf } from './scale';

/** Points of one stroke. */
const PIECE = 64;
/** So many points before the first changed one are drawn again with it, so that strokes meet as if drawn at once. */
const LEAD_POINTS = 3;
/** How high the mark of incomplete ticks is, at the foot of a pane. */
const HATCH_PX = 7;
/** A span too short to be seen is drawn this wide. */
const HATCH_LEAST_PX = 4;
const BAND_ALPHA = 0.2;

/** Colours of the theme in force. */
export interface Inks {
  of: (ink: Ink) => string;
  grid: string;
  incomplete: string;
}

/** What of a canvas is drawn with. */
export type Pen = Pick<
  CanvasRenderingContext2D,
  | 'arc'
  | 'beginPath'
  | 'clearRect'
  | 'clip'
  | 'closePath'
  | 'fill'
  | 'fillStyle'
  | 'lineDashOffset'
  | 'globalAlpha'
  | 'lineJoin'
  | 'lineTo'
  | 'lineWidth'
  | 'moveTo'
  | 'rect'
  | 'restore'
  | 'save'
  | 'setLineDash'
  | 'stroke'
  | 'strokeStyle'
>;

type Place = (time: number) => number;

/** Where a time is, in pixels. */
function placeOf({ range }: Plot, width: number): Place {
  const length = Math.max(1, range.to_ms - range.from_ms);
  return (time) => PLOT_LEFT_PX + ((time - range.from_ms) / length) * plotWidth(width);
}

/**
 * Draws what changed: everything from the point `since` on, at the right of what stays as it is. Nothing else may have changed
 * since `plot` was last drawn, neither its range nor any axis.
 */
export function redrawPlot(
  pen: Pen,
  plot: Plot,
  { width, height }: { width: number; height: number },
  inks: Inks,
  since: number,
): void {
  if (since > 0 && since >= plot.times.length) return;
  const middle = (plot.times[since - 1] ?? 0) + plot.bucket_ms / 2;
  const left = since > 0 ? Math.max(0, Math.floor(placeOf(plot, width)(middle))) : 0;
  pen.save();
  pen.beginPath();
  pen.rect(left, 0, width - left, height);
  pen.clip();
  pen.clearRect(left, 0, width - left, height);
  drawPlot(pen, plot, width, inks, Math.max(0, since - LEAD_POINTS));
  pen.restore();
}

/** Whether strokes can go on where they ended: dashes of a restless line would begin anew. */
export function canGoOn(plot: Plot): boolean {
  return plot.panes.every(({ lines }) => lines.every(({ stroke, steps }) => stroke.dash.length === 0 || steps));
}

/** Draws `plot` over `width` pixels; its lines from the point `since` on. */
export function drawPlot(pen: Pen, plot: Plot, width: number, inks: Inks, since = 0): void {
  const inner = plotWidth(width);
  if (inner <= 0 || plot.range.to_ms <= plot.range.from_ms) return;
  const x = placeOf(plot, width);
  for (const pane of plot.panes) {
    drawGrid(pen, pane, inner, inks.grid);
    pen.save();
    pen.beginPath();
    pen.rect(PLOT_LEFT_PX, pane.top - 1, inner, pane.height + 2);
    pen.clip();
    if (pane.kind === 'both' || pane.kind === 'memory' || pane.kind === 'cpu') drawHatches(pen, plot, pane, x, inks);
    for (const line of pane.lines) if (line.high) drawBand(pen, plot, pane, line, x, inks, since);
    for (const line of pane.lines) drawLine(pen, plot, pane, line, x, inks, since);
    pen.restore();
  }
}

function drawGrid(pen: Pen, pane: PlotPane, inner: number, colour: string): void {
  const scale = pane.right ?? pane.left;
  const steps = scale ? stepsOf(scale) : 1;
  pen.strokeStyle = colour;
  pen.lineWidth = 1;
  pen.setLineDash([]);
  pen.beginPath();
  for (let at = 1; at <= steps; at += 1) {
    const y = Math.round(pane.top + pane.height * (1 - at / steps)) + 0.5;
    pen.moveTo(PLOT_LEFT_PX, y);
    pen.lineTo(PLOT_LEFT_PX + inner, y);
  }
  pen.stroke();
}

function heightOf(pane: PlotPane, max: number): (value: number) => number {
  const foot = pane.top + pane.height;
  const perUnit = pane.height / Math.max(max, Number.MIN_VALUE);
  return (value) => foot - value * perUnit;
}

/** Runs of measured neighbours from `since` on: from which index up to which, exclusive. */
export function runsOf(length: number, values: Values, gaps: readonly number[], since = 0): Array<[number, number]> {
  const runs: Array<[number, number]> = [];
  let start = -1;
  let gap = firstFrom(gaps, since);
  for (let at = since; at <= length; at += 1) {
    const measured = at < length && (values[at] ?? null) !== null;
    const torn = gaps[gap] === at;
    if (torn) gap += 1;
    if (start >= 0 && (!measured || torn)) {
      runs.push([start, at]);
      start = -1;
    }
    if (measured && start < 0) start = at;
  }
  return runs;
}

function drawLine(pen: Pen, plot: Plot, pane: PlotPane, line: PlotLine, x: Place, inks: Inks, since: number): void {
  const { times, bucket_ms, gaps } = plot;
  const { values, stroke } = line;
  const y = heightOf(pane, line.max);
  // A bucket stands for its length: its value is drawn in its middle.
  const middle = line.steps ? 0 : bucket_ms / 2;
  pen.strokeStyle = inks.of(stroke.ink);
  pen.fillStyle = pen.strokeStyle;
  pen.lineWidth = stroke.width;
  pen.lineJoin = 'round';
  pen.setLineDash([...stroke.dash]);
  for (const [from, to] of runsOf(times.length, values, gaps, since)) {
    if (line.steps) drawSteps(pen, plot, values, from, to, x, y);
    else if (to - from === 1) {
      // A line of one point is invisible.
      pen.beginPath();
      pen.arc(x((times[from] ?? 0) + middle), y(values[from] ?? 0), Math.max(1.6, stroke.width), 0, 2 * Math.PI);
      pen.fill();
    } else {
      // Dashes would begin anew with each piece: such lines are calm enough to be drawn whole, or thin enough not to matter.
      const piece = stroke.dash.length > 0 ? 4 * PIECE : PIECE;
      for (let start = from; start < to - 1; start += piece) {
        pen.beginPath();
        for (let at = start; at <= start + piece && at < to; at += 1) {
          pen.lineTo(x((times[at] ?? 0) + middle), y(values[at] ?? 0));
        }
        pen.stroke();
      }
    }
  }
  pen.setLineDash([]);
}

function drawSteps(
  pen: Pen,
  { times, bucket_ms }: Plot,
  values: Values,
  from: number,
  to: number,
  x: Place,
  y: Place,
): void {
  // Dashes are laid by where they are: they fall in the same places whichever part is drawn.
  pen.lineDashOffset = x(times[from] ?? 0);
  pen.beginPath();
  for (let at = from; at < to; at += 1) {
    const value = values[at] ?? 0;
    if (at > from && value === values[at - 1] && at < to - 1) continue;
    const height = y(value);
    pen.lineTo(x(times[at] ?? 0), at > from ? y(values[at - 1] ?? 0) : height);
    pen.lineTo(x(times[at] ?? 0), height);
  }
  pen.lineTo(x((times[to - 1] ?? 0) + bucket_ms), y(values[to - 1] ?? 0));
  pen.stroke();
}

function drawBand(pen: Pen, plot: Plot, pane: PlotPane, line: PlotLine, x: Place, inks: Inks, since: number): void {
  const { times, bucket_ms, gaps } = plot;
  const low = line.low ?? line.values;
  const high = line.high ?? line.values;
  if (high.length === 0) return;
  const y = heightOf(pane, line.max);
  pen.fillStyle = inks.of(line.stroke.ink);
  pen.globalAlpha = BAND_ALPHA;
  // On whole pixels: pieces side by side would show a seam.
  const place = (at: number) => Math.round(x((times[at] ?? 0) + bucket_ms / 2));
  for (const [from, to] of runsOf(times.length, high, gaps, since)) {
    for (let start = from; start < to; start += PIECE) {
      const end = Math.min(start + PIECE, to - 1);
      if (!hasHeight(low, high, start, end)) continue;
      if (end === start) continue;
      pen.beginPath();
      for (let at = start; at <= end; at += 1) pen.lineTo(place(at), y(high[at] ?? 0));
      for (let at = end; at >= start; at -= 1) pen.lineTo(place(at), y(low[at] ?? high[at] ?? 0));
      pen.closePath();
      pen.fill();
    }
  }
  pen.globalAlpha = 1;
}

function hasHeight(low: Values, high: Values, from: number, to: number): boolean {
  for (let at = from; at <= to; at += 1) if ((high[at] ?? 0) > (low[at] ?? 0)) return true;
  return false;
}

/** Incomplete ticks: a hatched strip at the foot of the pane. */
function drawHatches(pen: Pen, plot: Plot, pane: PlotPane, x: Place, inks: Inks): void {
  const foot = pane.top + pane.height;
  pen.strokeStyle = inks.incomplete;
  pen.lineWidth = 1;
  for (const span of plot.incomplete) {
    const left = Math.max(x(span.from_ms), PLOT_LEFT_PX);
    const right = Math.max(x(span.to_ms), left + HATCH_LEAST_PX);
    if (right < PLOT_LEFT_PX) continue;
    pen.save();
    pen.beginPath();
    pen.rect(left, foot - HATCH_PX, right - left, HATCH_PX);
    pen.clip();
    pen.beginPath();
    for (let at = left - HATCH_PX; at < right; at += 4) {
      pen.moveTo(at, foot);
      pen.lineTo(at + HATCH_PX, foot - HATCH_PX);
    }
    pen.moveTo(left, foot - HATCH_PX + 0.5);
    pen.lineTo(right, foot - HATCH_PX + 0.5);
    pen.stroke();
    pen.restore();
  }
}
