/** Whether memory grows, in plain words. */
import type { LeakAnswer, LeakCheck, LeakWithheld } from '$lib/bindings';
import { formatBytes } from '$lib/format/bytes';
import { formatDuration } from '$lib/format/times';
import { t } from '$lib/i18n/i18n.svelte';

/** What is said: how it looks, the sentence, and what it rests on. */
export interface LeakWords {
  tone: 'warn' | 'danger' | 'ok' | 'idle';
  text: string;
  basis: string;
}

/** Within so many days of its limit it is urgent. */
const URGENT_DAYS = 7;

/** The line below the chart; `null` when the engine says nothing at all. */
export function leakWords(leak: LeakAnswer | null): LeakWords | null {
  if (leak?.check) return checkWords(leak.check);
  return leak?.withheld ? { tone: 'idle', text: withheldWords(leak.withheld), basis: '' } : null;
}

function checkWords(check: LeakCheck): LeakWords {
  const basis = t('metrics:leak.basis', { span: formatDuration(check.span_ms) });
  if (!check.grows) return { tone: 'ok', text: t('metrics:leak.steady'), basis };
  const grows = t('metrics:leak.grows', {
    slope: formatBytes(check.bytes_per_day),
    low: formatBytes(check.low_bytes_per_day),
    high: formatBytes(check.high_bytes_per_day),
  });
  const days = check.reaches_limit_in_days;
  if (days === null) return { tone: 'warn', text: grows, basis };
  const reaches =
    days < 1 ? t('metrics:leak.reaches_today') : t('metrics:leak.reaches', { count: Math.max(1, Math.round(days)) });
  return { tone: days <= URGENT_DAYS ? 'danger' : 'warn', text: `${grows} ${reaches}`, basis };
}

function withheldWords(withheld: LeakWithheld): string {
  if (withheld.kind === 'too_many_gaps') return t('metrics:leak.too_many_gaps');
  return t('metrics:leak.too_young', {
    measured: formatDuration(withheld.measured_ms),
    needed: formatDuration(withheld.needed_ms),
  });
}
