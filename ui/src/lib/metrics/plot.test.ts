import { describe, expect, it } from 'vitest';
import { Columns } from './columns';
import { canGoOn, drawPlot, type Inks, type Pen, redrawPlot, runsOf } from './draw';
import { momentAt, momentSentence } from './figures';
import { panesOf, pointsFor } from './panes';
import { entriesOf, incompleteSpans, limitOf, type Plot, plotOf, strokeOf } from './plot';
import { axisRange } from './scale';
import { endedAgo, missing } from './state';
import { lineOf, seriesOf } from './testing';

const MIB = 1024 ** 2;
const nothing = new Set<string>();
const inks: Inks = { of: (ink) => ink, grid: 'grid', incomplete: 'warn' };

function plotted(columns: Columns, apart = false, hidden: ReadonlySet<string> = nothing): Plot {
  const { panes } = panesOf(apart, { network: true, block: true });
  return plotOf(columns, panes, columns.range, apart, hidden);
}

/** A pen that counts strokes and keeps where it went. */
function pen() {
  const went: Array<[string, number, number]> = [];
  let strokes = 0;
  const own = {
    arc: (x: number, y: number) => went.push(['arc', x, y]),
    lineTo: (x: number, y: number) => went.push(['line', x, y]),
    moveTo: (x: number, y: number) => went.push(['move', x, y]),
    rect: (x: number, y: number) => went.push(['rect', x, y]),
    clearRect: (x: number, y: number) => went.push(['clear', x, y]),
    stroke: () => (strokes += 1),
  };
  const pen = new Proxy(own, {
    get: (target, name) => (name in target ? target[name as keyof typeof target] : () => undefined),
    set: () => true,
  }) as unknown as Pen;
  return { pen, went, strokes: () => strokes };
}

describe('what is drawn', () => {
  it('has CPU at the left and memory at the right of the whole, and both apart for several lines', () => {
    const whole = plotted(new Columns(seriesOf(0, [lineOf([MIB, 2 * MIB])])));
    expect(whole.panes.map(({ kind }) => kind)).toEqual(['both', 'network', 'block']);
    expect(whole.panes[0]).toMatchObject({ left: expect.anything(), right: expect.anything() });
    const apart = plotted(new Columns(seriesOf(0, [lineOf([MIB], { name: 'a' }), lineOf([MIB], { name: 'b' })])), true);
    expect(apart.panes.map(({ kind }) => kind)).toEqual(['memory', 'cpu', 'network', 'block']);
    expect(apart.panes[0]).toMatchObject({ left: null, right: expect.anything() });
    expect(apart.panes[1]).toMatchObject({ left: expect.anything(), right: null });
  });

  it('keeps the lines of the rates apart by their dashes', () => {
    const [received, sent] = plotted(new Columns(seriesOf(0, [lineOf([MIB])]))).panes[1]?.lines ?? [];
    expect(received?.stroke.dash).toEqual([]);
    expect(sent?.stroke.dash).not.toEqual([]);
  });

  it('tells twenty lines apart, by colour and by dashes', () => {
    const looks = Array.from({ length: 20 }, (_, at) => JSON.stringify(strokeOf(at)));
    expect(new Set(looks).size).toBe(20);
  });

  it('leaves out what was put out of sight, and makes room for the rest', () => {
    const columns = new Columns(
      seriesOf(0, [lineOf([900 * MIB], { name: 'large' }), lineOf([10 * MIB], { name: 'small' })]),
    );
    const all = plotted(columns, true).panes[0];
    const one = plotted(columns, true, new Set(['large\n'])).panes[0];
    expect(all?.lines).toHaveLength(2);
    expect(one?.lines).toHaveLength(1);
    expect(one?.right?.max).toBeLessThan(20 * MIB);
    expect(one?.lines[0]?.stroke, 'it keeps its colour').toEqual(strokeOf(1));
  });
});

describe('the limit', () => {
  const limited = (limits: Array<number | null>, host: number | null = null) => {
    const line = lineOf([100 * MIB, 100 * MIB], { limit_bytes: limits });
    const columns = new Columns(seriesOf(0, [line], { host_memory_bytes: host }));
    return { columns, limit: limitOf(columns, columns.lines) };
  };

  it('is the sum of limits where all have one', () => {
    expect(limited([200 * MIB, 200 * MIB]).limit).toEqual({ bytes: 200 * MIB, kind: 'limit', inSight: true });
  });

  it('is the memory of the hosts where one is unlimited, called so', () => {
    const { columns, limit } = limited([null, null], 250 * MIB);
    expect(limit).toEqual({ bytes: 250 * MIB, kind: 'host_memory', inSight: true });
    expect(entriesOf(columns, false).map(({ what, stroke }) => [what, stroke.ink])).toContainEqual(['limit', 'text-3']);
  });

  it('is told but not drawn where it would press the lines to the floor', () => {
    const { columns, limit } = limited([8192 * MIB, 8192 * MIB]);
    expect(limit).toMatchObject({ bytes: 8192 * MIB, inSight: false });
    expect(plotted(columns).panes[0]?.right?.max).toBeLessThan(200 * MIB);
    expect(limited([null, null], 64 * 1024 * MIB).limit, 'of hosts there is nothing to tell then').toBeNull();
  });

  it('is none where nothing is known', () => {
    expect(limited([null, null]).limit).toBeNull();
  });
});

describe('ticks that are not whole', () => {
  const complete = [true, false, false, true, false, true, true];

  it('are told by their spans, neighbours together', () => {
    const columns = new Columns(seriesOf(0, [lineOf(Array<number>(7).fill(1))], { complete }));
    expect(incompleteSpans(columns)).toEqual([
      { from_ms: 10, to_ms: 30 },
      { from_ms: 40, to_ms: 50 },
    ]);
  });

  it('are not the newest one, of which the rest may still come', () => {
    const columns = new Columns(seriesOf(0, [lineOf([1, 1])], { complete: [true, false] }));
    expect(incompleteSpans(columns)).toEqual([]);
    columns.range = { from_ms: 0, to_ms: 60_000 };
    expect(incompleteSpans(columns)).toHaveLength(1);
  });

  it('are counted, once there were two of them in a row', () => {
    const series = seriesOf(0, [lineOf([1, null, null])], { complete: [true, false, false], containers: [4, 3, 3] });
    const columns = new Columns({ ...series, expected: [4, 4, 4], range: { from_ms: 0, to_ms: 60_000 } });
    expect(missing(columns)).toEqual({ measured: 3, expected: 4 });
    columns.complete[1] = true;
    expect(missing(columns)).toBeNull();
  });

  it('say so where they are pointed at, and what of them was not measured', () => {
    const series = seriesOf(0, [lineOf([MIB, null])], {
      complete: [true, false],
      containers: [4, 3],
      expected: [4, 4],
    });
    const columns = new Columns(series);
    const moment = momentAt(columns, 1, entriesOf(columns, false), false);
    expect(moment.incomplete).toBe('3 of 4 containers measured');
    expect(momentSentence(moment)).toContain('Memory: not measured');
    expect(momentAt(columns, 0, entriesOf(columns, false), false).incomplete).toBeNull();
  });
});

describe('a moment in figures', () => {
  it('has the average with the lowest and the highest of its bucket', () => {
    const line = lineOf([200 * MIB], { memory_min_bytes: [150 * MIB], memory_peak_bytes: [400 * MIB] });
    const columns = new Columns(seriesOf(0, [line]));
    const [memory] = momentAt(columns, 0, entriesOf(columns, false), false).figures;
    expect(memory?.value).toBe('200 MiB (150 MiB to 400 MiB)');
  });

  it('tells the largest of many lines, and counts the others', () => {
    const lines = Array.from({ length: 15 }, (_, at) =>
      lineOf([(at + 1) * MIB], { name: `c${at}`, host_name: 'capstan' }),
    );
    const columns = new Columns(seriesOf(0, lines));
    const moment = momentAt(columns, 0, entriesOf(columns, true), false);
    expect(moment.figures[0]).toMatchObject({ name: 'c14 · capstan', value: expect.stringContaining('15 MiB') });
    expect(moment.more).toBe(3);
  });

  it('has rates where they are shown', () => {
    const columns = new Columns(seriesOf(0, [lineOf([1024])]));
    const told = momentSentence(momentAt(columns, 0, entriesOf(columns, false), true));
    expect(told).toContain('Network: in 1 KiB/s, out 1 KiB/s');
  });
});

describe('a line', () => {
  it('is broken by a gap, and by what was not measured', () => {
    expect(runsOf(6, [1, 1, 1, null, 1, 1], [])).toEqual([
      [0, 3],
      [4, 6],
    ]);
    expect(runsOf(4, [1, 1, 1, 1], [2])).toEqual([
      [0, 2],
      [2, 4],
    ]);
    expect(runsOf(5, [null, 1, null, 1, 1], [1, 2, 4]), 'a gap where nothing is').toEqual([
      [1, 2],
      [3, 4],
      [4, 5],
    ]);
    expect(runsOf(0, [], [])).toEqual([]);
  });

  it('goes on from where it was drawn, and nothing else is touched', () => {
    const values = Array.from({ length: 500 }, (_, at) => MIB * (1 + (at % 2)));
    const columns = new Columns(seriesOf(0, [lineOf(values)]));
    const { panes } = panesOf(false, { network: false, block: false });
    const plot = plotOf(columns, panes, columns.range, false, nothing);
    const size = { width: 1000, height: 300 };
    const [whole, tick, none] = [pen(), pen(), pen()];
    redrawPlot(whole.pen, plot, size, inks, 0);
    expect(whole.went.find(([how]) => how === 'clear')).toEqual(['clear', 0, 0]);
    redrawPlot(tick.pen, plot, size, inks, 499);
    const cleared = tick.went.find(([how]) => how === 'clear')?.[1] ?? 0;
    const points = tick.went.filter(([how, , y]) => how === 'line' && y > 0);
    expect(tick.went[0], 'clipped to what is cleared').toEqual(['rect', cleared, 0]);
    expect(cleared).toBeGreaterThan(900);
    expect(points.length).toBeGreaterThan(4);
    expect(points.length, 'a few points of each line').toBeLessThan(30);
    const last = whole.went.filter(([how]) => how === 'line').at(-1);
    expect(tick.went.filter(([how]) => how === 'line').at(-1), 'it ends where the whole ends').toEqual(last);
    redrawPlot(none.pen, plot, size, inks, 500);
    expect(none.went).toEqual([]);
  });

  it('with dashes is drawn whole each time, but for one in steps', () => {
    const rates = plotted(new Columns(seriesOf(0, [lineOf([MIB, MIB])])));
    expect(canGoOn(rates)).toBe(false);
    const { panes } = panesOf(false, { network: false, block: false });
    const columns = new Columns(seriesOf(0, [lineOf([MIB, MIB], { limit_bytes: [2 * MIB, 2 * MIB] })]));
    const plot = plotOf(columns, panes, columns.range, false, nothing);
    expect(plot.panes[0]?.lines.some(({ steps }) => steps)).toBe(true);
    expect(canGoOn(plot)).toBe(true);
  });

  it('of a single tick is a dot', () => {
    const { pen: own, went } = pen();
    drawPlot(own, plotted(new Columns(seriesOf(0, [lineOf([null, MIB, null])]))), 1000, inks);
    expect(went.filter(([how]) => how === 'arc').length).toBeGreaterThan(0);
  });

  it('is stroked in short pieces that meet', () => {
    const values = Array.from({ length: 500 }, (_, at) => MIB * (1 + (at % 2)));
    const { pen: own, strokes } = pen();
    drawPlot(own, plotted(new Columns(seriesOf(0, [lineOf(values)]))), 1000, inks);
    expect(strokes()).toBeGreaterThan(16);
  });
});

describe('a chart that should go on', () => {
  it('says when the data end', () => {
    const bucket = 15_000;
    expect(endedAgo({ last: 0, bucket, now: 60_000 })).toBeNull();
    expect(endedAgo({ last: 0, bucket, now: 315_000 })).toBe(300_000);
    expect(endedAgo({ last: null, bucket, now: 315_000 })).toBeNull();
  });

  it('never asks for more points than there are pixels', () => {
    for (const width of [0, 300, 777, 1440, 9000]) {
      expect(pointsFor(width)).toBeLessThanOrEqual(Math.max(10, width));
      expect(pointsFor(width)).toBeGreaterThanOrEqual(10);
      expect(pointsFor(width)).toBeLessThanOrEqual(4000);
    }
  });
});

describe('a tick of six hours', () => {
  it('costs little: one is added, and all is drawn, many times a second', () => {
    const count = 1440;
    const restless = (seed: number) => Array.from({ length: count }, (_, at) => (200 + ((at * seed) % 97)) * MIB);
    const tick = 15_000;
    const times_ms = Array.from({ length: count }, (_, at) => at * tick);
    const line = lineOf(restless(31), { memory_peak_bytes: restless(53), limit_bytes: restless(1) });
    const range = { from_ms: 0, to_ms: count * tick };
    const columns = new Columns(seriesOf(0, [line], { times_ms, bucket_ms: tick, range }));
    const { panes } = panesOf(false, { network: true, block: true });
    const { pen: own } = pen();
    const spent: number[] = [];
    for (let at = count; at < count + 120; at += 1) {
      const begun = performance.now();
      const last = (at - 1) * tick;
      const part = seriesOf(0, [lineOf([MIB, MIB])], {
        times_ms: [last, last + tick],
        bucket_ms: tick,
        range: { from_ms: last, to_ms: last + tick },
      });
      columns.append(part, count * tick);
      drawPlot(own, plotOf(columns, panes, axisRange(columns.range, true), false, nothing), 1600, inks);
      spent.push(performance.now() - begun);
    }
    spent.sort((a, b) => a - b);
    // Far above what it takes; a machine that is busy with other things must not fail it.
    expect(spent[60], 'the median, in milliseconds').toBeLessThan(20);
    expect(columns.times.length).toBeLessThanOrEqual(count + 1);
  });
});
