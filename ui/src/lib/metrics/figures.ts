/** The figures of one moment of a chart, in words: for the tooltip, and for who reads with the keyboard. */
import type { MetricsLine } from '$lib/bindings';
import { formatBytes, formatBytesPerSecond } from '$lib/format/bytes';
import { formatCores } from '$lib/format/numbers';
import { formatMinute, formatMoment } from '$lib/format/times';
import { t } from '$lib/i18n/i18n.svelte';
import type { Columns } from './columns';
import type { Entry, Stroke } from './plot';

/** Lines told at one moment; more are only counted. */
const LINES_TOLD = 12;

/** One line of the tooltip. */
export interface Figure {
  key: string;
  name: string;
  value: string;
  /** Drawn beside it; absent where the line has no stroke of its own. */
  stroke: Stroke | null;
}

/** What is known of a moment. */
export interface Moment {
  title: string;
  figures: Figure[];
  /** Lines beyond those that are told. */
  more: number;
  /** `3 of 4 containers measured`, where it is not all of them. */
  incomplete: string | null;
}

/** The name of a line: a container of several hosts with its host. */
export function lineName({ name, host_name }: Pick<MetricsLine, 'name' | 'host_name'>): string {
  return host_name ? `${name} · ${host_name}` : name;
}

/** The figures at a place of the columns. */
export function momentAt(columns: Columns, at: number, entries: readonly Entry[], rates: boolean): Moment {
  const time = columns.times[at] ?? 0;
  const apart = entries.some(({ what }) => what === 'line');
  const told = apart ? linesAt(entries, at) : { figures: wholeAt(entries, at, rates), more: 0 };
  const [containers, expected] = [columns.containers[at] ?? 0, columns.expected[at] ?? 0];
  return {
    title: columns.bucket_ms < 60_000 ? formatMoment(time) : formatMinute(time),
    ...told,
    incomplete:
      columns.complete[at] === false ? t('metrics:incomplete', { measured: containers, count: expected }) : null,
  };
}

/** The same in one sentence. */
export function momentSentence({ title, figures, incomplete }: Moment): string {
  const told = figures.map(({ name, value }) => `${name}: ${value}`);
  return [title, ...told, ...(incomplete ? [incomplete] : [])].join('. ');
}

function wholeAt(entries: readonly Entry[], at: number, rates: boolean): Figure[] {
  const figures: Figure[] = [];
  const line = entries.find((entry) => entry.line)?.line;
  for (const { key, what, stroke } of entries) {
    if (!line) continue;
    if (what === 'memory') figures.push({ key, name: t('metrics:line.memory'), value: memoryAt(line, at), stroke });
    if (what === 'cpu') figures.push({ key, name: t('metrics:line.cpu'), value: cpuAt(line, at), stroke });
    const limit = line.limit_bytes[at] ?? null;
    if (what === 'limit' && limit !== null) {
      figures.push({ key, name: t('metrics:line.limit'), value: formatBytes(limit), stroke });
    }
  }
  if (line && rates) {
    for (const kind of ['network', 'block'] as const) {
      figures.push({ key: kind, name: t(`metrics:rate.${kind}`), value: ratesAt(line, at, kind), stroke: null });
    }
  }
  return figures;
}

function linesAt(entries: readonly Entry[], at: number): { figures: Figure[]; more: number } {
  const lines = entries.flatMap(({ key, line, stroke }) => (line ? [{ key, line, stroke }] : []));
  const memory = (line: MetricsLine) => line.memory_avg_bytes[at] ?? -1;
  lines.sort((a, b) => memory(b.line) - memory(a.line));
  const figures = lines.slice(0, LINES_TOLD).map(({ key, line, stroke }): Figure => ({
    key,
    name: lineName(line),
    value: briefly(line, at),
    stroke,
  }));
  return { figures, more: Math.max(0, lines.length - LINES_TOLD) };
}

/** Memory and CPU without their spread: with many lines there is no room for it. */
function briefly(line: MetricsLine, at: number): string {
  const [memory, cores] = [line.memory_avg_bytes[at] ?? null, line.cpu_avg_cores[at] ?? null];
  if (memory === null && cores === null) return t('metrics:not_measured');
  return `${formatBytes(memory)}, ${t('chart:cores', { cores: formatCores(cores) })}`;
}

function memoryAt(line: MetricsLine, at: number): string {
  const average = line.memory_avg_bytes[at] ?? null;
  if (average === null) return t('metrics:not_measured');
  const [low, high] = [line.memory_min_bytes[at] ?? null, line.memory_peak_bytes[at] ?? null];
  const text = formatBytes(average);
  if (low === null || high === null || formatBytes(low) === formatBytes(high)) return text;
  return t('metrics:from_to', { value: text, low: formatBytes(low), high: formatBytes(high) });
}

function cpuAt(line: MetricsLine, at: number): string {
  const average = line.cpu_avg_cores[at] ?? null;
  if (average === null) return t('metrics:not_measured');
  const peak = line.cpu_peak_cores[at] ?? null;
  const text = t('chart:cores', { cores: formatCores(average) });
  if (peak === null || formatCores(peak) === formatCores(average)) return text;
  return t('metrics:up_to', { value: text, high: formatCores(peak) });
}

function ratesAt(line: MetricsLine, at: number, kind: 'network' | 'block'): string {
  const columns = {
    network: [line.network_rx_bytes_per_s, line.network_tx_bytes_per_s],
    block: [line.block_read_bytes_per_s, line.block_write_bytes_per_s],
  }[kind];
  const [inward = null, outward = null] = columns.map((column) => column[at] ?? null);
  if (inward === null && outward === null) return t('metrics:not_measured');
  return t(`metrics:rate.${kind}_values`, {
    inward: formatBytesPerSecond(inward),
    outward: formatBytesPerSecond(outward),
  });
}
