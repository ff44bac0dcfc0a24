/** The span a page shows, as it stands in the address: `?period=30d`, or `?from=…&to=…` in RFC 3339. */
import type { Period } from '$lib/bindings';

/** What is shown when the address says nothing, or nothing we know. */
export const USUAL_PERIOD: Period = 'week';

/** The spans on offer, by their name in the address. */
export const namedPeriods = [
  { name: '24h', period: 'day' },
  { name: '7d', period: 'week' },
  { name: '30d', period: 'month' },
  { name: '90d', period: 'quarter' },
] as const;

/** The period an address asks for; the usual one when it asks for none or for something unknown. */
export function periodOf(params: URLSearchParams): Period {
  const from = Date.parse(params.get('from') ?? '');
  const to = Date.parse(params.get('to') ?? '');
  if (Number.isFinite(from) && Number.isFinite(to) && from < to) return { free: { from_ms: from, to_ms: to } };
  return namedPeriods.find(({ name }) => name === params.get('period'))?.period ?? USUAL_PERIOD;
}

/** Writes `period` into `params`; the usual one leaves no trace. */
export function writePeriod(params: URLSearchParams, period: Period): void {
  params.delete('period');
  params.delete('from');
  params.delete('to');
  if (typeof period === 'object') {
    params.set('from', new Date(period.free.from_ms).toISOString());
    params.set('to', new Date(period.free.to_ms).toISOString());
  } else if (period !== USUAL_PERIOD) {
    params.set('period', namedPeriods.find((named) => named.period === period)?.name ?? '');
  }
}

/** Whether two periods ask for the same. */
export function samePeriod(a: Period, b: Period): boolean {
  if (typeof a === 'string' || typeof b === 'string') return a === b;
  return a.free.from_ms === b.free.from_ms && a.free.to_ms === b.free.to_ms;
}

/** A moment as `<input type="datetime-local">` writes it, in the machine's time zone. */
export function toLocalInput(atMs: number): string {
  const at = new Date(atMs);
  return new Date(atMs - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
