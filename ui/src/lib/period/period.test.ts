import { describe, expect, it } from 'vitest';
import type { Period } from '$lib/bindings';
import { appHref } from './links';
import { periodOf, samePeriod, toLocalInput, writePeriod } from './period';

const of = (query: string) => periodOf(new URLSearchParams(query));

describe('the period of an address', () => {
  it('is seven days when nothing, or nothing known, is asked for', () => {
    expect(of('')).toBe('week');
    expect(of('period=12h')).toBe('week');
    expect(of('from=yesterday&to=now')).toBe('week');
    expect(of('from=2026-03-02T00:00:00Z&to=2026-03-01T00:00:00Z'), 'ends before it begins').toBe('week');
  });

  it('survives the way into the address and back', () => {
    const periods: Period[] = [
      'day',
      'week',
      'month',
      'quarter',
      { free: { from_ms: 1_770_000_000_000, to_ms: 1_770_003_600_000 } },
    ];
    for (const period of periods) {
      const params = new URLSearchParams('q=immich&period=24h&from=x&to=y');
      writePeriod(params, period);
      expect(samePeriod(periodOf(params), period), JSON.stringify(period)).toBe(true);
      expect(params.get('q'), 'the rest stays').toBe('immich');
    }
  });

  it('leaves no trace when it is the usual one', () => {
    const params = new URLSearchParams('period=90d');
    writePeriod(params, 'week');
    expect(params.toString()).toBe('');
  });

  it('is offered for editing in the machine’s own time', () => {
    const at = new Date(2026, 2, 14, 9, 41).getTime();
    expect(toLocalInput(at)).toBe('2026-03-14T09:41');
  });
});

describe('the address of an app', () => {
  it('holds any name whole', () => {
    for (const name of ['immich', 'a/b', '100%', 'Заречье', '?x=1', '..']) {
      const path = new URL(appHref(name), 'http://window/').pathname;
      if (name !== '..') expect(decodeURIComponent(path.slice('/apps/'.length)), name).toBe(name);
    }
    expect(appHref('a/b').split('/')).toHaveLength(3);
  });
});
