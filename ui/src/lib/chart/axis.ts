/** What every chart's axes share. */
import { formatClock, formatDay } from '$lib/format/times';

/** The font of the window: a canvas does not inherit it. */
export const CHART_FONT = 'Inter, system-ui, sans-serif';

const DAY = 24 * 3_600_000;

/** Label of the time axis: clock times within a day, days beyond, both where they meet. */
export function tickLabel(time: number, span: number): string {
  if (span <= 2 * DAY) return isMidnight(time) ? formatDay(time) : formatClock(time);
  return isMidnight(time) ? formatDay(time) : span <= 4 * DAY ? formatClock(time) : '';
}

function isMidnight(time: number): boolean {
  const at = new Date(time);
  return at.getHours() === 0 && at.getMinutes() === 0;
}
