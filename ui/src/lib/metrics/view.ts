/** What of an app's live metrics is looked at, as it stands in the address: `?live=6h&live_host=2&live_split=service`. */
import type { HostId, MetricsSplit, TimeRange } from '$lib/bindings';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** The spans that end now, by their name in the address. */
export const metricsWindows = [
  { name: '30m', key: 'm30', length_ms: 30 * MINUTE },
  { name: '2h', key: 'h2', length_ms: 2 * HOUR },
  { name: '6h', key: 'h6', length_ms: 6 * HOUR },
  { name: '24h', key: 'd1', length_ms: DAY },
  { name: '7d', key: 'd7', length_ms: 7 * DAY },
  { name: '30d', key: 'd30', length_ms: 30 * DAY },
] as const;

/** A span that ends now. */
export type WindowName = (typeof metricsWindows)[number]['name'];

/** What the lines may be of. */
export const metricsSplits: readonly MetricsSplit[] = ['whole', 'service', 'container'];

/** What is shown when the address says nothing, or nothing we know. */
export const USUAL_WINDOW: WindowName = '2h';

/** The longest span that can be asked for. */
const LONGEST_MS = 400 * DAY;

/** What is looked at. */
export interface MetricsView {
  /** A span that ends now and goes on, or one that stands still. */
  span: WindowName | TimeRange;
  /** One host; absent for the whole app. */
  host: HostId | null;
  split: MetricsSplit;
}

/** Length of a span. */
export function lengthOf(span: MetricsView['span']): number {
  if (typeof span === 'object') return span.to_ms - span.from_ms;
  return metricsWindows.find(({ name }) => name === span)?.length_ms ?? 2 * HOUR;
}

/** The span in moments, when it is `now`. */
export function rangeOf(span: MetricsView['span'], now: number): TimeRange {
  return typeof span === 'object' ? span : { from_ms: now - lengthOf(span), to_ms: now };
}

/** The view an address asks for; whatever it does not know is as usual. */
export function viewOf(params: URLSearchParams): MetricsView {
  const from = Date.parse(params.get('live_from') ?? '');
  const to = Date.parse(params.get('live_to') ?? '');
  const free = from < to && to - from <= LONGEST_MS ? { from_ms: from, to_ms: to } : null;
  const host = Number(params.get('live_host') ?? '');
  return {
    span: free ?? metricsWindows.find(({ name }) => name === params.get('live'))?.name ?? USUAL_WINDOW,
    host: Number.isSafeInteger(host) && host > 0 ? host : null,
    split: metricsSplits.find((split) => split === params.get('live_split')) ?? 'whole',
  };
}

/** Writes `view` into `params`; what is as usual leaves no trace. */
export function writeView(params: URLSearchParams, { span, host, split }: MetricsView): void {
  for (const name of ['live', 'live_from', 'live_to', 'live_host', 'live_split']) params.delete(name);
  if (typeof span === 'object') {
    params.set('live_from', new Date(span.from_ms).toISOString());
    params.set('live_to', new Date(span.to_ms).toISOString());
  } else if (span !== USUAL_WINDOW) {
    params.set('live', span);
  }
  if (host !== null) params.set('live_host', String(host));
  if (split !== 'whole') params.set('live_split', split);
}

/** Whether two views show the same. */
export function sameView(a: MetricsView, b: MetricsView): boolean {
  return a.host === b.host && a.split === b.split && sameSpan(a.span, b.span);
}

/** Whether two spans are the same. */
export function sameSpan(a: MetricsView['span'], b: MetricsView['span']): boolean {
  if (typeof a === 'string' || typeof b === 'string') return a === b;
  return a.from_ms === b.from_ms && a.to_ms === b.to_ms;
}
