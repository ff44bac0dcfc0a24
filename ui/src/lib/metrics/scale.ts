/** Round axes. */
import type { TimeRange } from '$lib/bindings';
import { niceByteStep } from '$lib/format/bytes';

/** An axis from 0 in steps. */
export interface Scale {
  max: number;
  step: number;
}

/** The axis of bytes, or of bytes per second, up to `top`: steps of powers of two, so that their labels are round. */
export function byteScale(top: number, steps = 4): Scale {
  const step = niceByteStep(Math.max(top, 1), steps);
  return { step, max: Math.max(1, Math.ceil(top / step - 0.001)) * step };
}

/**
 * The axis of cores up to `top`: in as many steps as the axis beside it has, so that both share their lines, or in the few it
 * needs.
 */
export function coreScale(top: number, steps: number | null): Scale {
  const least = Math.max(top, 0.001);
  const step = niceStep(least / Math.max(1, steps ?? 3));
  return { step, max: step * Math.max(1, steps ?? Math.ceil(least / step - 0.001)) };
}

/** How many steps an axis has. */
export function stepsOf({ max, step }: Scale): number {
  return Math.max(1, Math.round(max / step));
}

/** The least of 1, 2, 2.5 and 5 times a power of ten that is not below `wanted`. */
function niceStep(wanted: number): number {
  const power = 10 ** Math.floor(Math.log10(wanted));
  // A hair below is not above: 0.2 cores in two steps are steps of 0.1.
  const factor = [1, 2, 2.5, 5].find((own) => own * power >= wanted * 0.9999) ?? 10;
  return factor * power;
}

/** So many steps a chart goes through before it has moved by its whole width. */
const MOVES = 40;

/**
 * The span the time axis shows of a chart that goes on. It moves in steps, not with every tick: new ticks grow into the room at
 * its right, and nothing slides away under the pointer.
 */
export function axisRange(range: TimeRange, goesOn: boolean): TimeRange {
  if (!goesOn) return range;
  const length = range.to_ms - range.from_ms;
  const step = Math.max(1, length / MOVES);
  const to = Math.ceil(range.to_ms / step) * step;
  return { from_ms: to - length, to_ms: to };
}
