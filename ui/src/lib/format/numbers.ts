/** Numbers as the language in force writes them. What was not measured is a dash, never a zero. */
import { locale, t } from '$lib/i18n/i18n.svelte';

/** Stands where nothing was measured. */
export const ABSENT = '–';

const formats = new Map<string, Intl.NumberFormat>();

/** A number format of the language in force; made once per language and options. */
export function numberFormat(options: Intl.NumberFormatOptions): Intl.NumberFormat {
  const key = locale.tag + JSON.stringify(options);
  let format = formats.get(key);
  if (!format) {
    format = new Intl.NumberFormat(locale.tag, options);
    formats.set(key, format);
  }
  return format;
}

/** A whole number, grouped. */
export function formatCount(count: number | null): string {
  return count === null ? ABSENT : numberFormat({ maximumFractionDigits: 0 }).format(count);
}

/** A ratio as percent, at most one digit after the point below 10 %. */
export function formatPercent(ratio: number | null): string {
  if (ratio === null) return ABSENT;
  const digits = Math.abs(ratio) < 0.1 ? 1 : 0;
  return numberFormat({ style: 'percent', maximumFractionDigits: digits }).format(ratio);
}

/** Cores used: `0.42`, `3.1`, `12`. */
export function formatCores(cores: number | null): string {
  if (cores === null) return ABSENT;
  if (cores > 0 && cores < 0.005) return `< ${numberFormat({}).format(0.01)}`;
  const digits = cores < 1 ? 2 : cores < 10 ? 1 : 0;
  return numberFormat({ minimumFractionDigits: digits, maximumFractionDigits: digits }).format(cores);
}

/** Cores and what they are as a share of one core: a percentage is never shown without saying of what. */
export function formatCoresInFull(cores: number | null): string {
  if (cores === null) return ABSENT;
  return t('common:cpu.in_full', { cores: formatCores(cores), percent: formatPercent(cores) });
}

/** How many times over: `×3`, `×1.4`. */
export function formatTimes(times: number): string {
  const digits = times < 10 ? 1 : 0;
  return `×${numberFormat({ maximumFractionDigits: digits }).format(times)}`;
}

/** Milliseconds of a round trip or a round: `0.8 ms`, `42 ms`, `1.3 s`. */
export function formatMilliseconds(ms: number | null): string {
  if (ms === null) return ABSENT;
  if (ms >= 1000) return t('common:unit.s', { value: numberFormat({ maximumFractionDigits: 1 }).format(ms / 1000) });
  const digits = ms < 10 ? 1 : 0;
  return t('common:unit.ms', { value: numberFormat({ maximumFractionDigits: digits }).format(ms) });
}
