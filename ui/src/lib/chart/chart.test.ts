import { describe, expect, it } from 'vitest';
import type { History, WindowSeries } from '$lib/bindings';
import { type ChartLines, commonLimit, figureOf, linesOfHistory, linesOfTicks, pointsOf } from './lines';
import { memoryOption } from './memoryOption';
import type { Palette } from './palette';

const MIB = 1024 ** 2;
const HOUR = 3_600_000;

const palette: Palette = {
  avg: 'blue',
  peak: 'red',
  limit: 'green',
  cpu: 'violet',
  hosts: ['h1', 'h2', 'h3', 'h4', 'h5', 'h6', 'h7', 'h8'],
  grid: 'grey',
  line: 'grey',
  text: 'black',
  text2: 'black',
  text3: 'black',
  surface: 'white',
  raised: 'white',
  accent: 'blue',
  tones: { accent: 'blue', danger: 'red', warn: 'orange', ok: 'green', 'text-3': 'black' },
};

const history = (hosts: Array<[number | null, string, number | null]>): History => ({
  range: { from_ms: 0, to_ms: 3 * HOUR },
  bucket_ms: HOUR,
  times_ms: [0, HOUR, 2 * HOUR],
  lines: hosts.map(([host, host_name, limit]) => ({
    host,
    host_name,
    avg_bytes: [100 * MIB, null, 120 * MIB],
    peak_bytes: [110 * MIB, null, 150 * MIB],
    limit_bytes: [limit, limit, limit],
    cpu_cores: [0.1, null, 0.2],
  })),
});

interface Drawn {
  series: Array<{
    name: string;
    color: string;
    data: unknown[];
    connectNulls: boolean;
    lineStyle: { type?: unknown; width: number };
    z: number;
  }>;
  yAxis: Array<{ name: string; max?: number; interval?: number }>;
  tooltip: { renderMode: string; formatter: (points: unknown[]) => string };
  axisPointer: { link: unknown };
}

const draw = (lines: ChartLines) => memoryOption(lines, palette) as unknown as Drawn;

describe('the points of a line', () => {
  it('leave a gap where a bucket was not measured', () => {
    expect(pointsOf([0, 10, 20, 30], [1, 2, null, 3], 10)).toEqual([
      [0, 1],
      [10, 2],
      [20, null],
      { value: [30, 3], symbol: 'circle', symbolSize: 4 },
    ]);
  });

  it('leave a gap where buckets are missing altogether', () => {
    const points = pointsOf([0, 10, 200, 210], [1, 2, 3, 4], 10);
    expect(points).toContainEqual([20, null]);
    expect(points).toHaveLength(5);
  });

  it('do not take a late bucket for a gap', () => {
    expect(pointsOf([0, 12, 24], [1, 2, 3], 10)).toEqual([
      [0, 1],
      [12, 2],
      [24, 3],
    ]);
  });
});

describe('the memory chart', () => {
  it('draws average blue, peak red, the limit green and dashed, and connects no gap', () => {
    const { series } = draw(linesOfHistory(history([[null, '', 200 * MIB]]), []));
    expect(series.map(({ name, color }) => [name, color])).toEqual([
      ['Average', 'blue'],
      ['Peak', 'red'],
      ['CPU', 'violet'],
      ['Limit', 'green'],
    ]);
    expect(series.every(({ connectNulls }) => connectNulls === false)).toBe(true);
    expect(series[3]?.lineStyle.type).toEqual([9, 5]);
  });

  it.each([
    ['one line', [[null, '', 200 * MIB]] as Parameters<typeof history>[0], [] as number[]],
    [
      'hosts apart',
      [
        [1, 'a', null],
        [2, 'b', null],
      ] as Parameters<typeof history>[0],
      [1, 2],
    ],
  ])('shows the average under an equal peak, told by stroke and not by colour alone: %s', (_, hosts, chosen) => {
    const [avg, peak] = draw(linesOfHistory(history(hosts), chosen)).series;
    expect(peak?.z, 'the peak is over the average').toBeGreaterThan(avg?.z ?? Infinity);
    expect(avg?.lineStyle.type).toBe('solid');
    expect(peak?.lineStyle.type, 'and broken, so that it lets it through').toEqual(expect.any(Array));
    expect(avg?.lineStyle.width).toBeGreaterThan(1.5 * (peak?.lineStyle.width ?? Infinity));
  });

  it('says in its lines and axes whether they are a mean or a sum', () => {
    const lines = linesOfHistory(history([[null, '', 200 * MIB]]), []);
    const words = (figure: 'own' | 'mean' | 'sum') => {
      const { series, yAxis } = memoryOption(lines, palette, figure) as unknown as Drawn;
      return [series[0]?.name, series[3]?.name, yAxis[0]?.name];
    };
    expect(words('own')).toEqual(['Average', 'Limit', 'Memory']);
    expect(words('mean')).toEqual(['Mean per host', 'Lowest limit of a host', 'Memory, mean per host']);
    expect(words('sum')).toEqual(['Sum of all hosts', 'Sum of the limits', 'Memory, sum of all hosts']);
  });

  it('takes reports of a fleet for a mean, its ticks for a sum, and one host for its own', () => {
    const fleet = linesOfHistory(history([[null, '', null]]), []);
    expect(figureOf(fleet, 3)).toBe('mean');
    expect(figureOf({ ...fleet, grain: 'ticks' }, 3)).toBe('sum');
    expect(figureOf({ ...fleet, grain: 'ticks' }, 1)).toBe('own');
    expect(figureOf(linesOfHistory(history([[1, 'a', null]]), [1]), 3)).toBe('own');
  });

  it('has one crosshair through memory and CPU', () => {
    expect(draw(linesOfHistory(history([[null, '', null]]), [])).axisPointer.link).toEqual([{ xAxisIndex: 'all' }]);
  });

  it('has round steps of memory, and room for the peak and the limit', () => {
    const [memory] = draw(linesOfHistory(history([[null, '', 300 * MIB]]), [])).yAxis;
    expect(memory).toMatchObject({ interval: 128 * MIB, max: 384 * MIB });
  });

  it('does not press the lines to the floor for a limit far above them', () => {
    const drawn = draw(linesOfHistory(history([[null, '', 8192 * MIB]]), []));
    expect(drawn.series.map(({ name }) => name)).not.toContain('Limit');
    expect(drawn.yAxis[0]?.max).toBeLessThan(512 * MIB);
  });

  it('tells hosts apart by colour in the order they were chosen', () => {
    const answer = history([
      [4, 'gangway', 200 * MIB],
      [9, 'windlass', 200 * MIB],
    ]);
    const { series } = draw(linesOfHistory(answer, [9, 4]));
    expect(series[0]).toMatchObject({ name: 'windlass · Average', color: 'h1' });
    expect(series[3]).toMatchObject({ name: 'gangway · Average', color: 'h2' });
  });

  it('draws one limit for several hosts only where they share it', () => {
    const of = (a: number | null, b: number | null) =>
      commonLimit(
        linesOfHistory(
          history([
            [1, 'a', a],
            [2, 'b', b],
          ]),
          [1, 2],
        ).lines,
      );
    expect(of(200 * MIB, 200 * MIB)).not.toBeNull();
    expect(of(200 * MIB, 300 * MIB)).toBeNull();
    expect(of(200 * MIB, null)).toBeNull();
    expect(of(null, null)).toBeNull();
  });

  it('says in the tooltip what was not measured, and builds no markup from names', () => {
    const { tooltip } = draw(
      linesOfHistory(
        history([
          [1, 'a{b|c}', null],
          [2, '<b>', null],
        ]),
        [1, 2],
      ),
    );
    expect(tooltip.renderMode).toBe('richText');
    const point = (seriesIndex: number, value: number | null) => ({
      seriesIndex,
      axisValue: 0,
      value: [0, value],
      marker: '*',
    });
    const text = tooltip.formatter([point(0, 100 * MIB), point(1, null), point(2, 0.5), point(3, MIB)]);
    expect(text).toContain('100 MiB');
    expect(text).toContain('not measured');
    expect(text).toContain('0.50 cores');
    expect(text).toContain('<b>');
    expect(text).not.toMatch(/[{}|]/);
  });

  it('draws without anything measured', () => {
    const nothing: ChartLines = { range: { from_ms: 0, to_ms: 1 }, bucket_ms: 1, grain: 'reports', lines: [] };
    expect(draw(nothing).yAxis[0]?.max).toBeGreaterThan(0);
  });
});

describe('ticks', () => {
  const series = (memory: Array<number | null>): WindowSeries => ({
    range: { from_ms: 0, to_ms: 60_000 },
    bucket_ms: 15_000,
    times_ms: memory.map((_, at) => at * 15_000),
    memory_avg_bytes: memory,
    memory_peak_bytes: memory,
    cpu_avg_cores: memory.map(() => null),
    cpu_peak_cores: memory.map(() => null),
    complete: memory.map(() => true),
    limit_bytes: 5,
  });

  it('are drawn as measured', () => {
    const lines = linesOfTicks([{ host: null, name: '', series: series([1, null, 3]) }]);
    expect(lines?.grain).toBe('ticks');
    expect(lines?.lines[0]?.avg_bytes).toEqual([1, null, 3]);
    expect(lines?.lines[0]?.limit_bytes).toEqual([5, 5, 5]);
  });

  it('give way to reports when none is kept any more', () => {
    expect(linesOfTicks([{ host: null, name: '', series: series([null, null]) }])).toBeNull();
    expect(linesOfTicks([])).toBeNull();
  });
});
