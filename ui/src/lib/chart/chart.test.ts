import { describe, expect, it } from 'vitest';
import type { History, WindowSeries } from '$lib/bindings';
import { type ChartLines, commonLimit, linesOfHistory, linesOfTicks, pointsOf } from './lines';
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
  series: Array<{ name: string; color: string; data: unknown[]; connectNulls: boolean; lineStyle: { type?: unknown } }>;
  yAxis: Array<{ max?: number; interval?: number }>;
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
    expect(series[3]?.lineStyle.type).toEqual([6, 5]);
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
