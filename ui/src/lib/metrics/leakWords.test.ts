import { afterEach, describe, expect, it } from 'vitest';
import type { LeakCheck } from '$lib/bindings';
import { locale } from '$lib/i18n/i18n.svelte';
import { leakWords } from './leakWords';

const MIB = 1024 ** 2;
const HOUR = 3_600_000;
const check = (rest: Partial<LeakCheck> = {}): LeakCheck => ({
  grows: true,
  bytes_per_day: 12 * MIB,
  low_bytes_per_day: 9 * MIB,
  high_bytes_per_day: 15 * MIB,
  span_ms: 76 * HOUR,
  reaches_limit_in_days: 21.4,
  ...rest,
});
const of = (rest: Partial<LeakCheck> = {}) => leakWords({ check: check(rest), withheld: null });

afterEach(() => locale.speak('en'));

describe('whether memory grows', () => {
  it('is told with how sure it is, and when the limit is reached', () => {
    expect(of()).toEqual({
      tone: 'warn',
      text: 'Memory grows by about 12 MiB a day (95% sure: 9 MiB to 15 MiB). It reaches its limit in about 21 days.',
      basis: 'Looked at: 3 d 4 h since the last deploy or restart.',
    });
    expect(of({ reaches_limit_in_days: null })?.text).not.toContain('limit');
    expect(of({ reaches_limit_in_days: 0.4 })).toMatchObject({ tone: 'danger' });
    expect(of({ reaches_limit_in_days: 0.4 })?.text).toContain('in less than a day');
  });

  it('is told when it does not', () => {
    expect(of({ grows: false, reaches_limit_in_days: null })).toMatchObject({
      tone: 'ok',
      text: 'Memory does not grow.',
    });
  });

  it('is withheld with the reason', () => {
    const young = { kind: 'too_young', needed_ms: 6 * HOUR, measured_ms: 2 * HOUR } as const;
    expect(leakWords({ check: null, withheld: young })?.text).toContain('2 h measured');
    expect(leakWords({ check: null, withheld: { kind: 'too_many_gaps' } })?.tone).toBe('idle');
    expect(leakWords({ check: null, withheld: null })).toBeNull();
    expect(leakWords(null)).toBeNull();
  });

  it('counts days by the rules of the language', () => {
    locale.speak('ru');
    expect(of()?.text).toContain('через 21 день');
    expect(of({ reaches_limit_in_days: 3 })?.text).toContain('через 3 дня');
    expect(of({ reaches_limit_in_days: 5 })?.text).toContain('через 5 дней');
    locale.speak('hu');
    expect(of()?.text).toContain('21 nap múlva');
  });
});
