/** Made-up answers for tests. */
import type { MetricsLine, MetricsSeries } from '$lib/bindings';

/** A line with the same value in every bucket, or the ones given. */
export function lineOf(values: ReadonlyArray<number | null>, rest: Partial<MetricsLine> = {}): MetricsLine {
  const half = values.map((value) => (value === null ? null : value / 1e9));
  return {
    name: '',
    host_name: null,
    memory_min_bytes: [...values],
    memory_avg_bytes: [...values],
    memory_peak_bytes: [...values],
    cpu_avg_cores: [...half],
    cpu_peak_cores: [...half],
    network_rx_bytes_per_s: [...values],
    network_tx_bytes_per_s: [...values],
    block_read_bytes_per_s: [...values],
    block_write_bytes_per_s: [...values],
    limit_bytes: values.map(() => null),
    ...rest,
  };
}

/** An answer in buckets of 10 from `from` on. */
export function seriesOf(from: number, lines: MetricsLine[], rest: Partial<MetricsSeries> = {}): MetricsSeries {
  const count = lines[0]?.memory_avg_bytes.length ?? 0;
  const to = from + count * 10;
  return {
    now_ms: to,
    range: { from_ms: from, to_ms: to },
    source: 'ticks',
    bucket_ms: 10,
    times_ms: Array.from({ length: count }, (_, at) => from + at * 10),
    containers: Array(count).fill(2) as number[],
    expected: Array(count).fill(2) as number[],
    complete: Array(count).fill(true) as boolean[],
    intervals: [{ from_ms: from, interval_ms: 10 }],
    lines,
    lines_left_out: 0,
    host_memory_bytes: null,
    leak: null,
    ...rest,
  };
}
