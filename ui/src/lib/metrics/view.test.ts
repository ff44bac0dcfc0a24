import { describe, expect, it } from 'vitest';
import { axisRange, byteScale, coreScale, stepsOf } from './scale';
import { type MetricsView, sameView, viewOf, writeView } from './view';

const of = (query: string) => viewOf(new URLSearchParams(query));
const usual: MetricsView = { span: '2h', host: null, split: 'whole' };

describe('the live metrics of an address', () => {
  it('are two hours of the whole app when nothing, or nothing known, is asked for', () => {
    expect(of('')).toEqual(usual);
    expect(of('live=3h&live_host=ship&live_split=colour')).toEqual(usual);
    expect(of('live_host=-1')).toEqual(usual);
    expect(of('live_from=2026-03-02T00:00:00Z&live_to=2026-03-01T00:00:00Z'), 'ends before it begins').toEqual(usual);
    expect(of('live_from=2020-01-01T00:00:00Z&live_to=2026-03-01T00:00:00Z'), 'longer than is kept').toEqual(usual);
  });

  it('survive the way into the address and back, and leave the rest of it alone', () => {
    const views: MetricsView[] = [
      usual,
      { span: '30m', host: 4, split: 'service' },
      { span: '30d', host: null, split: 'container' },
      { span: { from_ms: 1_770_000_000_000, to_ms: 1_770_000_600_000 }, host: 2, split: 'whole' },
    ];
    for (const view of views) {
      const params = new URLSearchParams('period=30d&live=6h&live_from=x&live_host=9&live_split=service');
      writeView(params, view);
      expect(sameView(viewOf(params), view), JSON.stringify(view)).toBe(true);
      expect(params.get('period')).toBe('30d');
    }
  });

  it('leave no trace when they are as usual', () => {
    const params = new URLSearchParams('live=6h&live_host=2&live_split=service');
    writeView(params, usual);
    expect(params.toString()).toBe('');
  });
});

describe('the axes', () => {
  it('have round steps, and as many beside each other', () => {
    const memory = byteScale(300 * 1024 ** 2);
    expect(memory).toEqual({ step: 128 * 1024 ** 2, max: 384 * 1024 ** 2 });
    const cpu = coreScale(0.42, stepsOf(memory));
    expect(cpu).toEqual({ step: 0.2, max: expect.closeTo(0.6) as number });
    expect(coreScale(1.05, null)).toEqual({ step: 0.5, max: 1.5 });
    expect(coreScale(0, null).max, 'of what is idle').toBeGreaterThan(0);
  });

  it('move in steps while a chart goes on, and stand still otherwise', () => {
    const hour = 3_600_000;
    const range = { from_ms: 1000, to_ms: 1000 + hour };
    expect(axisRange(range, false)).toBe(range);
    const moved = Array.from({ length: 40 }, (_, at) =>
      axisRange({ from_ms: range.from_ms + at * 15_000, to_ms: range.to_ms + at * 15_000 }, true),
    );
    expect(new Set(moved.map(({ to_ms }) => to_ms)).size, 'in ten minutes').toBeLessThanOrEqual(8);
    for (const [at, { from_ms, to_ms }] of moved.entries()) {
      expect(to_ms - from_ms).toBe(hour);
      expect(to_ms).toBeGreaterThanOrEqual(range.to_ms + at * 15_000);
    }
  });
});
