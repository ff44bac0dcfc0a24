/** Where the parts of the drawing stand: panes under each other, all as wide, so that one crosshair runs through them. */

/** What a pane shows. `both` has CPU on its left axis and memory on its right. */
export type PaneKind = 'both' | 'memory' | 'cpu' | 'network' | 'block';

/** A pane: where its lines are drawn, in pixels from the top. */
export interface Pane {
  kind: PaneKind;
  top: number;
  height: number;
}

/** Room of the axes beside the panes. */
export const PLOT_LEFT_PX = 60;
export const PLOT_RIGHT_PX = 78;
/** Marks stand in a lane of their own above the panes. */
export const LANE_PX = 22;
/** Room of the time axis below. */
const BELOW_PX = 26;
/** Room of the names of the axes above each pane. */
const NAME_PX = 26;

const heights: Record<PaneKind, number> = { both: 236, memory: 190, cpu: 110, network: 84, block: 84 };

/** The panes of a drawing, and how high it is. */
export function panesOf(
  apart: boolean,
  rates: { network: boolean; block: boolean },
): { panes: Pane[]; height: number } {
  const kinds: PaneKind[] = apart ? ['memory', 'cpu'] : ['both'];
  if (rates.network) kinds.push('network');
  if (rates.block) kinds.push('block');
  let top = LANE_PX;
  const panes = kinds.map((kind): Pane => {
    const pane = { kind, top: top + NAME_PX, height: heights[kind] };
    top = pane.top + pane.height;
    return pane;
  });
  return { panes, height: top + BELOW_PX };
}

/** Width of the panes in a drawing of `width`. */
export function plotWidth(width: number): number {
  return Math.max(0, width - PLOT_LEFT_PX - PLOT_RIGHT_PX);
}

/** Points worth asking for: never more than pixels; in steps, so that a window being resized asks few times. */
export function pointsFor(width: number): number {
  return Math.min(4000, Math.max(10, Math.floor(plotWidth(width) / 20) * 20));
}
