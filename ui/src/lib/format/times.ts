/** Ages, durations and moments, in the language in force and the machine's time zone. */
import { locale, t } from '$lib/i18n/i18n.svelte';
import { ABSENT } from './numbers';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const dateFormats = new Map<string, Intl.DateTimeFormat>();

function dateFormat(options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = locale.tag + JSON.stringify(options);
  let format = dateFormats.get(key);
  if (!format) {
    format = new Intl.DateTimeFormat(locale.tag, options);
    dateFormats.set(key, format);
  }
  return format;
}

/** How long, in its one or two largest units: `12 s`, `4 min`, `2 h 5 min`, `3 d 4 h`. */
export function formatDuration(ms: number | null): string {
  if (ms === null) return ABSENT;
  const span = Math.max(0, ms);
  if (span < MINUTE) return t('common:unit.s', { value: Math.floor(span / SECOND) });
  if (span < HOUR) return t('common:unit.min', { value: Math.floor(span / MINUTE) });
  if (span < DAY) {
    return joined(t('common:unit.h', { value: Math.floor(span / HOUR) }), Math.floor((span % HOUR) / MINUTE), (value) =>
      t('common:unit.min', { value }),
    );
  }
  return joined(t('common:unit.d', { value: Math.floor(span / DAY) }), Math.floor((span % DAY) / HOUR), (value) =>
    t('common:unit.h', { value }),
  );
}

function joined(large: string, small: number, unit: (value: number) => string): string {
  return small === 0 ? large : `${large} ${unit(small)}`;
}

/** How long ago, short: `now`, `12 s ago`, `4 min ago`, `3 d ago`. A moment ahead of us reads `now`. */
export function formatAge(atMs: number | null, nowMs: number): string {
  if (atMs === null) return ABSENT;
  const age = nowMs - atMs;
  if (age < 2 * SECOND) return t('common:age.now');
  const [value, unit] = largest(age);
  return t(`common:age.ago_${unit}`, { value });
}

function largest(span: number): [number, 's' | 'min' | 'h' | 'd'] {
  if (span < MINUTE) return [Math.floor(span / SECOND), 's'];
  if (span < HOUR) return [Math.floor(span / MINUTE), 'min'];
  if (span < DAY) return [Math.floor(span / HOUR), 'h'];
  return [Math.floor(span / DAY), 'd'];
}

/** A moment to the second, for tooltips and exports on screen. */
export function formatMoment(atMs: number | null): string {
  if (atMs === null) return ABSENT;
  return dateFormat({ dateStyle: 'medium', timeStyle: 'medium' }).format(atMs);
}

/** A moment to the minute. */
export function formatMinute(atMs: number | null): string {
  if (atMs === null) return ABSENT;
  return dateFormat({ day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' }).format(atMs);
}

/** `09:41`. */
export function formatClock(atMs: number): string {
  return dateFormat({ hour: '2-digit', minute: '2-digit' }).format(atMs);
}

/** `14 Mar`. */
export function formatDay(atMs: number): string {
  return dateFormat({ day: 'numeric', month: 'short' }).format(atMs);
}

/** `14 Mar`, with its year where that is not the year of `nowMs`. */
export function formatDayOfYear(atMs: number, nowMs: number): string {
  if (new Date(atMs).getFullYear() === new Date(nowMs).getFullYear()) return formatDay(atMs);
  return dateFormat({ day: 'numeric', month: 'short', year: 'numeric' }).format(atMs);
}

/** From when to when, as short as the span allows. */
export function formatSpan(fromMs: number, toMs: number): string {
  return dateFormat({ dateStyle: 'medium', timeStyle: 'short' }).formatRange(fromMs, toMs);
}
