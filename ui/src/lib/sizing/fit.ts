/** How an estimate fits what is needed, in words. */
import { formatTimes } from '$lib/format/numbers';
import { t } from '$lib/i18n/i18n.svelte';
import type { Tone } from '$lib/components/tone';

/** Within this factor of the estimate it was a good one. */
const CLOSE = 1.15;

/** `over-estimated ×3`, `under-estimated ×1.4`, or that it fits; `null` when nothing can be said. */
export function fitSentence(p95ToEstimate: number | null): string | null {
  if (p95ToEstimate === null || p95ToEstimate <= 0) return null;
  if (p95ToEstimate > CLOSE) return t('apps:fit.under', { times: formatTimes(p95ToEstimate) });
  if (p95ToEstimate < 1 / CLOSE) return t('apps:fit.over', { times: formatTimes(1 / p95ToEstimate) });
  return t('apps:fit.exact');
}

/** An estimate that is too low is worse than one that is too high. */
export function toneOfFit(p95ToEstimate: number | null): Tone {
  if (p95ToEstimate === null) return 'idle';
  if (p95ToEstimate > CLOSE) return 'danger';
  return p95ToEstimate < 0.5 ? 'warn' : 'ok';
}
