/** The columns of an app's breakdown by host. */
import type { Accuracy, DeploymentRow } from '$lib/bindings';
import { formatBytes } from '$lib/format/bytes';
import { formatCores, formatCount } from '$lib/format/numbers';
import { formatMinute } from '$lib/format/times';
import { t } from '$lib/i18n/i18n.svelte';
import type { Column } from '$lib/table/column';

const accuracyRank: Record<Accuracy, number | null> = { roomy: 0, fitting: 1, over: 2, unknown: null };

/** Where a deployment stands among the worst: by accuracy, then by what it needs. Larger is worse. */
export function badness(row: DeploymentRow): number {
  const rank = accuracyRank[row.accuracy] ?? -1;
  const p95 = row.memory_p95_bytes ?? 0;
  // P95 only decides among equals: any real size stays far below one step of the rank.
  return rank + p95 / 2 ** 53;
}

/** The columns in order. */
export function deploymentColumns(): Array<Column<DeploymentRow>> {
  return [
    {
      key: 'host',
      title: t('app:hosts.host'),
      fixed: true,
      value: (row) => row.host_name,
      text: (row) => row.host_name,
    },
    {
      key: 'customer',
      leaves: 2,
      title: t('app:hosts.customer'),
      value: (row) => row.customer,
      text: (row) => row.customer,
    },
    {
      key: 'containers',
      title: t('app:hosts.containers'),
      align: 'right',
      value: (row) => row.containers_running,
      text: (row) => `${formatCount(row.containers_running)} / ${formatCount(row.containers_total)}`,
    },
    bytes('now', (row) => row.memory_current_bytes),
    bytes('avg', (row) => row.memory_avg_bytes),
    bytes('p95', (row) => row.memory_p95_bytes),
    bytes('peak', (row) => row.memory_peak_bytes),
    {
      key: 'cpu',
      title: t('app:hosts.cpu'),
      hint: t('apps:column.cpu_hint'),
      align: 'right',
      value: (row) => row.cpu_avg_cores,
      text: (row) => formatCores(row.cpu_avg_cores),
    },
    bytes('limit', (row) => row.limit_bytes),
    {
      key: 'accuracy',
      title: t('app:hosts.accuracy'),
      hint: t('apps:column.accuracy_hint'),
      first: 'desc',
      value: badness,
      text: (row) => t(`common:accuracy.${row.accuracy}`),
    },
    { ...count('errors', (row) => row.errors_24h), leaves: 6 },
    { ...count('warnings', (row) => row.warnings_24h), leaves: 5 },
    { ...count('oom_kills', (row) => row.oom_kills), leaves: 4 },
    { ...count('restarts', (row) => row.restarts), leaves: 3 },
    {
      key: 'last_report',
      leaves: 1,
      title: t('app:hosts.last_report'),
      align: 'right',
      value: (row) => row.last_report_ms,
      text: (row) => formatMinute(row.last_report_ms),
    },
  ];
}

function bytes(
  key: 'now' | 'avg' | 'p95' | 'peak' | 'limit',
  value: (row: DeploymentRow) => number | null,
): Column<DeploymentRow> {
  return { key, title: t(`app:hosts.${key}`), align: 'right', value, text: (row) => formatBytes(value(row)) };
}

function count(
  key: 'errors' | 'warnings' | 'oom_kills' | 'restarts',
  value: (row: DeploymentRow) => number | null,
): Column<DeploymentRow> {
  return { key, title: t(`app:hosts.${key}`), align: 'right', value, text: (row) => formatCount(value(row)) };
}
