/** The ECharts option of the axes the lines are drawn between. Pure: no DOM, no clock. */
import type { EChartsCoreOption } from 'echarts/core';
import { CHART_FONT, tickLabel } from '$lib/chart/axis';
import type { Palette } from '$lib/chart/palette';
import { formatBytes, formatBytesPerSecond } from '$lib/format/bytes';
import { numberFormat } from '$lib/format/numbers';
import { t } from '$lib/i18n/i18n.svelte';
import { PLOT_LEFT_PX, PLOT_RIGHT_PX } from './panes';
import type { Plot, PlotPane } from './plot';
import type { Scale } from './scale';

/** The option of a plot's axes. Two for each pane, so that their places do not depend on what it shows. */
export function axesOption(plot: Plot, palette: Palette): EChartsCoreOption {
  const last = plot.panes.length - 1;
  return {
    animation: false,
    textStyle: { fontFamily: CHART_FONT },
    grid: plot.panes.map(({ top, height }) => ({ left: PLOT_LEFT_PX, right: PLOT_RIGHT_PX, top, height })),
    xAxis: plot.panes.map((_, at) => timeAxis(plot, at, at === last, palette)),
    yAxis: plot.panes.flatMap((pane, at) => [
      valueAxis(pane, at, 'left', palette),
      valueAxis(pane, at, 'right', palette),
    ]),
  };
}

/** What tells whether axes have to be drawn anew; most ticks change none. */
export function axesKey(plot: Plot): string {
  const scales = plot.panes.map(({ kind, left, right }) => [kind, left?.max, left?.step, right?.max, right?.step]);
  return JSON.stringify([plot.range, scales]);
}

function timeAxis(plot: Plot, gridIndex: number, labelled: boolean, palette: Palette) {
  const { from_ms, to_ms } = plot.range;
  return {
    type: 'time',
    gridIndex,
    min: from_ms,
    max: to_ms,
    axisLine: { lineStyle: { color: palette.line } },
    axisTick: { show: false },
    splitLine: { show: false },
    axisLabel: {
      show: labelled,
      color: palette.text3,
      fontSize: 11,
      hideOverlap: true,
      formatter: (time: number) => tickLabel(time, to_ms - from_ms),
    },
  };
}

function valueAxis(pane: PlotPane, gridIndex: number, position: 'left' | 'right', palette: Palette) {
  const scale: Scale | null = pane[position];
  const memory = position === 'right';
  return {
    type: 'value',
    gridIndex,
    position,
    show: scale !== null,
    min: 0,
    max: scale?.max ?? 1,
    interval: scale?.step ?? 1,
    name: scale ? nameOf(pane, position) : '',
    nameGap: 10,
    nameTextStyle: {
      color: palette.text3,
      fontSize: 11,
      align: memory ? 'right' : 'left',
      padding: memory ? [0, -PLOT_RIGHT_PX + 4, 0, 0] : [0, 0, 0, -PLOT_LEFT_PX + 4],
    },
    axisLine: { show: false },
    axisTick: { show: false },
    // Drawn below the lines, on their own canvas.
    splitLine: { show: false },
    axisLabel: { color: palette.text3, fontSize: 11, formatter: labelOf(pane, memory) },
  };
}

function nameOf({ kind }: PlotPane, position: 'left' | 'right'): string {
  if (kind === 'network' || kind === 'block') return t(`metrics:axis.${kind}`);
  return t(position === 'right' ? 'metrics:axis.memory' : 'metrics:axis.cpu');
}

function labelOf({ kind }: PlotPane, memory: boolean): (value: number) => string {
  if (memory) return (bytes) => formatBytes(bytes);
  if (kind === 'network' || kind === 'block') return (bytes) => formatBytesPerSecond(bytes);
  // An idle app uses thousandths of a core: steps of the axis must not all read 0.
  return (cores) => numberFormat({ maximumSignificantDigits: 3 }).format(cores);
}
