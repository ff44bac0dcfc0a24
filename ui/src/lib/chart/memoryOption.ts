/** The ECharts option of an app's chart: memory above, CPU below, one crosshair through both. Pure: no DOM, no clock. */
import type { EChartsCoreOption } from 'echarts/core';
import { formatBytes, niceByteStep } from '$lib/format/bytes';
import { formatCores, numberFormat } from '$lib/format/numbers';
import { formatMinute } from '$lib/format/times';
import { t } from '$lib/i18n/i18n.svelte';
import { CHART_FONT, tickLabel } from './axis';
import { type ChartLine, type ChartLines, commonLimit, type Figure, highest, pointsOf, type Values } from './lines';
import type { Palette } from './palette';

/** Room for the labels of the left axes. */
export const LEFT_PX = 76;
/** Room at the right of the lines. */
export const RIGHT_PX = 16;
/** Marks stand in a lane of their own above the lines. */
export const LANE_PX = 20;
/** Room of the time axis below. */
export const BELOW_PX = 26;
/** Names of axes begin where their labels do. */
const AXIS_NAME_PX = -LEFT_PX;
/** A limit further above the peak than this would press the lines to the floor: it is told in words instead. */
const LIMIT_IN_SIGHT = 3;

/** Whether the limit is drawn, or so far above that it is only told. */
export function limitInSight(limit: number, top: number): boolean {
  return limit <= top * LIMIT_IN_SIGHT;
}

/**
 * How each line is stroked, so that none needs its colour to be known: the average is a broad whole line, and the peak a thin
 * broken one drawn over it, so that both are seen where they are equal; the limit has long dashes.
 */
export const strokes = {
  avg: { width: 2.4, type: 'solid' },
  peak: { width: 1.2, type: [3, 3] },
  limit: { width: 1.4, type: [9, 5] },
} as const;

/** Builds the option. */
export function memoryOption(chart: ChartLines, palette: Palette, figure: Figure = 'own'): EChartsCoreOption {
  const { lines, range, bucket_ms } = chart;
  const alone = lines.length === 1;
  const shared = commonLimit(lines);
  const top = highest(...lines.map((line) => line.peak_bytes), ...lines.map((line) => line.avg_bytes));
  const limitTop = shared ? highest(shared.limit_bytes) : 0;
  const limit = shared && limitInSight(limitTop, top) ? shared : null;
  const step = niceByteStep(Math.max(top, limit ? limitTop : 0, 1), 4);
  const ceiling = Math.ceil((Math.max(top, limit ? limitTop : 0) * 1.02) / step) * step || step;

  const line = (name: string, of: ChartLine, values: Values, color: string, rest: object = {}) => ({
    type: 'line',
    name,
    data: pointsOf(of.times_ms, values, bucket_ms),
    connectNulls: false,
    symbol: 'none',
    color,
    lineStyle: { width: 1.6, color },
    emphasis: { disabled: true },
    animation: false,
    ...rest,
  });
  const series = lines.flatMap((own, at) => {
    const color = alone ? palette.avg : (palette.hosts[at % palette.hosts.length] ?? palette.avg);
    const of = (words: string) => (own.name && !alone ? `${own.name} · ${words}` : words);
    return [
      line(of(t(`chart:figure.${figure}.avg`)), own, own.avg_bytes, color, {
        lineStyle: { ...strokes.avg, color },
        areaStyle: alone ? { color, opacity: 0.08 } : undefined,
        z: 3,
      }),
      line(of(t(`chart:figure.${figure}.peak`)), own, own.peak_bytes, alone ? palette.peak : color, {
        lineStyle: { ...strokes.peak, color: alone ? palette.peak : color },
        z: 4,
      }),
      line(of(t(`chart:figure.${figure}.cpu`)), own, own.cpu_cores, alone ? palette.cpu : color, {
        xAxisIndex: 1,
        yAxisIndex: 1,
        lineStyle: { width: 1.2, color: alone ? palette.cpu : color },
        areaStyle: alone ? { color: palette.cpu, opacity: 0.08 } : undefined,
      }),
    ];
  });
  if (limit) {
    series.push(
      line(t(`chart:figure.${figure}.limit`), limit, limit.limit_bytes, palette.limit, {
        step: 'end',
        lineStyle: { ...strokes.limit, color: palette.limit },
        z: 5,
      }),
    );
  }

  const pointer = {
    type: 'line',
    lineStyle: { color: palette.text3, width: 1, type: 'solid' },
    label: { show: false },
  };
  const xAxis = (gridIndex: number, labelled: boolean) => ({
    type: 'time',
    gridIndex,
    min: range.from_ms,
    max: range.to_ms,
    axisLine: { lineStyle: { color: palette.line } },
    axisTick: { show: false },
    splitLine: { show: false },
    axisPointer: pointer,
    axisLabel: {
      show: labelled,
      color: palette.text3,
      fontSize: 11,
      hideOverlap: true,
      formatter: (time: number) => tickLabel(time, range.to_ms - range.from_ms),
    },
  });
  const yAxis = (gridIndex: number, name: string, rest: object) => ({
    type: 'value',
    gridIndex,
    name,
    nameGap: 14,
    nameTextStyle: { color: palette.text3, fontSize: 11, align: 'left', padding: [0, 0, 0, AXIS_NAME_PX] },
    min: 0,
    axisLabel: { color: palette.text3, fontSize: 11 },
    splitLine: { lineStyle: { color: palette.grid } },
    ...rest,
  });
  return {
    animation: false,
    textStyle: { fontFamily: CHART_FONT },
    grid: [
      { left: LEFT_PX, right: RIGHT_PX, top: 32 + LANE_PX, height: '53%' },
      { left: LEFT_PX, right: RIGHT_PX, bottom: BELOW_PX, height: '19%' },
    ],
    axisPointer: { link: [{ xAxisIndex: 'all' }] },
    xAxis: [xAxis(0, false), xAxis(1, true)],
    yAxis: [
      yAxis(0, t(`chart:figure.${figure}.memory_axis`), {
        max: ceiling,
        interval: step,
        axisLabel: { color: palette.text3, fontSize: 11, formatter: (bytes: number) => formatBytes(bytes) },
      }),
      yAxis(1, t(`chart:figure.${figure}.cpu_axis`), {
        splitNumber: 2,
        axisLabel: {
          color: palette.text3,
          fontSize: 11,
          // An idle app uses thousandths of a core: steps of the axis must not all read 0.
          formatter: (cores: number) => numberFormat({ maximumSignificantDigits: 2 }).format(cores),
        },
      }),
    ],
    // Drawn on the canvas: a tooltip made of HTML would turn names from other machines into markup.
    tooltip: {
      trigger: 'axis',
      renderMode: 'richText',
      confine: true,
      transitionDuration: 0,
      backgroundColor: palette.raised,
      borderColor: palette.line,
      borderWidth: 1,
      padding: [8, 12],
      textStyle: { color: palette.text, fontSize: 12, fontFamily: CHART_FONT },
      formatter: (points: TooltipPoint[]) => tooltipText(points, series),
    },
    // Never seen: it only arms the selection of a span by dragging.
    toolbox: {
      itemSize: 0,
      showTitle: false,
      feature: {
        dataZoom: {
          yAxisIndex: false,
          icon: { zoom: 'path://', back: 'path://' },
          brushStyle: { color: palette.accent, opacity: 0.14 },
        },
      },
    },
    series,
  };
}

interface TooltipPoint {
  seriesIndex: number;
  axisValue: number;
  value: [number, number | null];
  /** A dot in the colour of the line, as rich text. */
  marker: string;
}

/** The tooltip: the moment, then a line per measured value. What was not measured says so. */
function tooltipText(
  points: readonly TooltipPoint[],
  series: ReadonlyArray<{ name: string; xAxisIndex?: number }>,
): string {
  const [first] = points;
  if (!first) return '';
  const lines = points.map(({ seriesIndex, value, marker }) => {
    const own = series[seriesIndex];
    const [, measured] = value;
    const text = own?.xAxisIndex === 1 ? t('chart:cores', { cores: formatCores(measured) }) : formatBytes(measured);
    return `${marker} ${plain(own?.name ?? '')}   ${measured === null ? t('chart:gap') : text}`;
  });
  return [formatMinute(first.axisValue), ...lines].join('\n');
}

/** Braces and bars start a style in rich text; a name may hold any. */
function plain(text: string): string {
  return text.replace(/[{}|]/g, ' ');
}
