/** What a drawing cost, for whoever measures: `performance.getEntriesByName('metrics-tick')`. */
import type { Arrival } from './liveMetrics.svelte';

/** Entries of a kind that are kept: a window stays open for weeks. */
const KEPT = 500;

const counted: Record<Arrival['kind'], number> = { 'metrics-load': 0, 'metrics-tick': 0 };

/** Notes the script from the arrival of an answer until it is drawn. */
export function measured({ kind, at }: Arrival, detail: { points: number; lines: number }): void {
  counted[kind] += 1;
  if (counted[kind] % KEPT === 0) performance.clearMeasures(kind);
  performance.measure(kind, { start: at, end: performance.now(), detail });
}
