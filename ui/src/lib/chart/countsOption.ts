/** The ECharts option of counts over time. Pure: no DOM, no clock. */
import type { EChartsCoreOption } from 'echarts/core';
import { formatCount } from '$lib/format/numbers';
import { CHART_FONT, tickLabel } from './axis';
import { type Bars, spanOf } from './counts';
import type { Palette } from './palette';

/** What a bar is called when it is pointed at. */
export type BarWords = (index: number) => string;

/** Builds the option. */
export function countsOption(bars: Bars, palette: Palette, color: string, words: BarWords): EChartsCoreOption {
  const range = spanOf(bars);
  return {
    animation: false,
    textStyle: { fontFamily: CHART_FONT },
    grid: { left: 52, right: 16, top: 12, bottom: 26 },
    xAxis: {
      type: 'time',
      min: range.from_ms,
      max: range.to_ms,
      axisLine: { lineStyle: { color: palette.line } },
      axisTick: { show: false },
      splitLine: { show: false },
      axisPointer: { type: 'shadow', shadowStyle: { color: palette.accent, opacity: 0.1 }, label: { show: false } },
      axisLabel: {
        color: palette.text3,
        fontSize: 11,
        hideOverlap: true,
        formatter: (time: number) => tickLabel(time, range.to_ms - range.from_ms),
      },
    },
    yAxis: {
      type: 'value',
      min: 0,
      minInterval: 1,
      splitNumber: 3,
      axisLabel: { color: palette.text3, fontSize: 11, formatter: (count: number) => formatCount(count) },
      splitLine: { lineStyle: { color: palette.grid } },
    },
    // Drawn on the canvas, as in every chart: no HTML is made.
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
      formatter: ([point]: Array<{ dataIndex: number }>) => (point ? words(point.dataIndex) : ''),
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
    series: [
      {
        type: 'bar',
        name: '',
        // In the middle of its bucket, which the bar then covers.
        data: bars.times_ms.map((time, at) => {
          const count = bars.counts[at] ?? 0;
          // The least of heights is for what is small, not for what is not there.
          return { value: [time + bars.bucket_ms / 2, count], itemStyle: { opacity: count === 0 ? 0 : 1 } };
        }),
        color,
        barCategoryGap: '18%',
        barMinHeight: 2,
        barMaxWidth: 44,
        emphasis: { disabled: true },
        animation: false,
      },
    ],
  };
}
