/**
 * What the number fields of Settings allow, judged while they are typed.
 *
 * The engine judges again and decides (crates/roadstead-engine/src/settings.rs); these are the same ranges.
 */
import type { Settings } from '$lib/bindings';

/** Settings that are whole numbers. */
export type NumberField =
  | 'tick_interval_s'
  | 'log_pass_s'
  | 'log_look_back_h'
  | 'samples_retention_h'
  | 'reports_retention_days'
  | 'daily_retention_days'
  | 'issues_retention_days';

/** Smallest and largest value, both allowed. */
export interface Range {
  min: number;
  max: number;
}

const FIXED: Record<NumberField, Range> = {
  tick_interval_s: { min: 5, max: 300 },
  log_pass_s: { min: 10, max: 3600 },
  log_look_back_h: { min: 0, max: 168 },
  samples_retention_h: { min: 6, max: 336 },
  reports_retention_days: { min: 7, max: 730 },
  daily_retention_days: { min: 30, max: 3650 },
  issues_retention_days: { min: 1, max: 365 },
};

/** What `field` may be beside the other settings: daily aggregates outlive the reports they are made from. */
export function rangeOf(field: NumberField, beside: Settings): Range {
  const { min, max } = FIXED[field];
  if (field === 'reports_retention_days') return { min, max: Math.min(max, beside.daily_retention_days) };
  if (field === 'daily_retention_days') return { min: Math.max(min, beside.reports_retention_days), max };
  return { min, max };
}

/** Unit of a field, as the engine writes it in its errors. */
export function unitOf(field: NumberField): 's' | 'h' | 'd' {
  if (field === 'tick_interval_s' || field === 'log_pass_s') return 's';
  return field === 'samples_retention_h' || field === 'log_look_back_h' ? 'h' : 'd';
}

/** Whether a smaller value throws away what is kept now. */
export function isRetention(field: NumberField): boolean {
  return !['tick_interval_s', 'log_pass_s', 'log_look_back_h'].includes(field);
}
