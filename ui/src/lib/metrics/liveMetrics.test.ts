import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { MetricsRequest, MetricsSeries } from '$lib/bindings';
import { type MetricsAsked, LiveMetrics } from './liveMetrics.svelte';
import { lineOf, seriesOf } from './testing';

const TICK = 15_000;
const LENGTH = 30 * 60_000;

/** An engine with a tick every 15 s, answering by hand. */
function byHand(asked: Partial<MetricsAsked> = {}) {
  const started = Date.now();
  const engineNow = () => 1_000_000_000 + (Date.now() - started);
  const requests: MetricsRequest[] = [];
  const waiting: Array<{ answer: (series: MetricsSeries) => void; fail: (thrown: unknown) => void }> = [];
  const answerTo = (request: MetricsRequest, rest: Partial<MetricsSeries> = {}): MetricsSeries => {
    const bucket = request.bucket_ms ?? TICK;
    const times: number[] = [];
    for (let at = Math.ceil(request.range.from_ms / bucket) * bucket; at < request.range.to_ms; at += bucket)
      times.push(at);
    const series = seriesOf(0, [lineOf(times.map(() => 1))]);
    return { ...series, now_ms: engineNow(), range: request.range, bucket_ms: bucket, times_ms: times, ...rest };
  };
  const wanted: MetricsAsked = {
    app: 'shop',
    host: null,
    split: 'whole',
    span: '30m',
    points: 500,
    rates: false,
    ...asked,
  };
  const live = new LiveMetrics({
    asked: () => wanted,
    ask: (request) => {
      requests.push(request);
      return new Promise((answer, fail) => waiting.push({ answer, fail }));
    },
    clock: engineNow,
  });
  /** Answers the request at a place, the newest without one. */
  const answer = async (rest: Partial<MetricsSeries> = {}, at = requests.length - 1) => {
    const request = requests[at];
    if (request) waiting[at]?.answer(answerTo(request, rest));
    await vi.advanceTimersByTimeAsync(0);
  };
  /** A chart that was answered and says nothing of leaks. */
  const loaded = async () => {
    void live.load();
    await answer({ leak: { check: null, withheld: { kind: 'too_many_gaps' } } });
  };
  const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);
  return { live, wanted, requests, waiting, answer, loaded, pass, engineNow };
}

let hidden = false;

beforeEach(() => {
  vi.useFakeTimers();
  hidden = false;
  vi.spyOn(document, 'hidden', 'get').mockImplementation(() => hidden);
});

afterEach(() => vi.useRealTimers());

describe('live metrics', () => {
  it('ask for a whole chart once, then only for what came since', async () => {
    const { live, requests, answer, loaded, pass } = byHand();
    await loaded();
    const { columns } = live;
    expect(requests[0]).toMatchObject({ bucket_ms: null, points: 500 });
    expect((requests[0]?.range.to_ms ?? 0) - (requests[0]?.range.from_ms ?? 0)).toBe(LENGTH);
    for (let at = 0; at < 8; at += 1) {
      await pass(TICK);
      live.changed(['samples']);
      await pass(3000);
      await answer();
    }
    expect(requests).toHaveLength(9);
    for (const request of requests.slice(1)) {
      expect(request.bucket_ms).toBe(TICK);
      expect(request.range.to_ms - request.range.from_ms, 'a part').toBeLessThan(3 * TICK);
      expect(request.range.from_ms % TICK, 'from the start of a bucket').toBe(0);
    }
    expect(live.columns, 'added to, not replaced').toBe(columns);
    expect(columns?.times.every((time, at) => at === 0 || time - (columns.times[at - 1] ?? 0) === TICK)).toBe(true);
    expect(columns?.times.length).toBeLessThanOrEqual(LENGTH / TICK + 1);
  });

  it('answer a storm of ticks a few times, never two at once, and the last of them for sure', async () => {
    const { live, requests, loaded, answer, pass } = byHand();
    await loaded();
    for (let at = 0; at < 40; at += 1) {
      live.changed(['samples']);
      await pass(100);
    }
    expect(requests, 'one is on its way').toHaveLength(2);
    await answer();
    await pass(5000);
    expect(requests).toHaveLength(3);
    await answer();
    await pass(60_000);
    expect(requests, 'nothing came since').toHaveLength(3);
  });

  it('ask nothing while nobody looks, and catch up with a part when somebody does', async () => {
    const { live, requests, loaded, pass } = byHand();
    await loaded();
    hidden = true;
    for (let at = 0; at < 4; at += 1) {
      live.changed(['samples']);
      await pass(TICK);
    }
    expect(requests).toHaveLength(1);
    hidden = false;
    live.seen();
    await pass(3000);
    expect(requests).toHaveLength(2);
    expect(requests[1]?.bucket_ms).toBe(TICK);
  });

  it('ask for all of it after most of it was missed', async () => {
    const { live, requests, loaded, pass } = byHand();
    await loaded();
    hidden = true;
    live.changed(['samples']);
    await pass(LENGTH / 2);
    hidden = false;
    live.seen();
    await pass(3000);
    expect(requests).toHaveLength(2);
    expect(requests[1]?.bucket_ms).toBeNull();
  });

  it('begin nothing in a hidden window, and as soon as it is seen', async () => {
    const { live, requests } = byHand();
    hidden = true;
    void live.load();
    expect(requests).toHaveLength(0);
    hidden = false;
    live.seen();
    expect(requests).toHaveLength(1);
  });

  it('show the answer to the newest question, whatever comes last', async () => {
    const { live, wanted, requests, answer } = byHand();
    void live.load();
    wanted.host = 3;
    void live.load();
    expect(requests.map(({ host }) => host)).toEqual([null, 3]);
    await answer({}, 1);
    await answer({}, 0);
    expect(live.shown?.host).toBe(3);
    expect(live.loading).toBe(false);
  });

  it('forget a part that comes after another chart was asked for', async () => {
    const { live, wanted, requests, answer, loaded, pass } = byHand();
    await loaded();
    live.changed(['samples']);
    await pass(3000);
    wanted.split = 'service';
    void live.load();
    await answer({ lines: [lineOf([9, 9], { name: 'late' })] }, 1);
    expect(live.columns?.lines[0]?.name).toBe('');
    await answer({}, requests.length - 1);
    expect(live.shown?.split).toBe('service');
  });

  it('ask for all of it when the buckets are of another length by now', async () => {
    const { live, requests, answer, loaded, pass } = byHand();
    await loaded();
    live.changed(['samples']);
    await pass(3000);
    await answer({ bucket_ms: 2 * TICK });
    expect(requests).toHaveLength(3);
    expect(requests[2]?.bucket_ms).toBeNull();
  });

  it('stand still where the span does', async () => {
    const { live, requests, loaded, pass } = byHand({ span: { from_ms: 0, to_ms: LENGTH } });
    await loaded();
    live.changed(['samples']);
    await pass(60_000);
    expect(requests).toHaveLength(1);
    expect(requests[0]?.range).toEqual({ from_ms: 0, to_ms: LENGTH });
  });

  it('keep the chart beside an error, and go on with the next tick', async () => {
    const { live, waiting, requests, answer, loaded, pass } = byHand();
    await loaded();
    live.changed(['samples']);
    await pass(3000);
    waiting[1]?.fail(new Error('the engine is busy'));
    await pass(0);
    expect(live.error?.message).toBe('the engine is busy');
    expect(live.columns?.times.length).toBeGreaterThan(10);
    live.changed(['samples']);
    await pass(3000);
    await answer();
    expect(requests).toHaveLength(3);
    expect(live.error).toBeNull();
  });

  it('ask the smallest chart of the whole whether memory grows, where another one is shown', async () => {
    const { live, requests, answer, pass } = byHand({ split: 'container' });
    void live.load();
    await answer();
    expect(requests).toHaveLength(2);
    expect(requests[1]).toMatchObject({ split: 'whole', points: 10, bucket_ms: null });
    await answer({ leak: { check: null, withheld: { kind: 'too_many_gaps' } } });
    expect(live.leak?.withheld?.kind).toBe('too_many_gaps');
    await pass(60_000);
    expect(requests).toHaveLength(2);
  });

  it('look again whether memory grows after a deploy', async () => {
    const { live, requests, loaded, pass } = byHand();
    await loaded();
    live.changed(['deploys']);
    live.changed(['samples']);
    await pass(3000);
    expect(requests.slice(1).filter(({ points }) => points === 10)).toHaveLength(1);
  });

  it('drop what comes after they were closed', async () => {
    const { live, answer } = byHand();
    void live.load();
    live.close();
    await answer();
    expect(live.columns).toBeNull();
  });
});
