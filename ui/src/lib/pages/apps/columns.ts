/** The columns of the table of all apps: what each sorts by, shows and exports. */
import type { Accuracy, AppRow, SizeSpan } from '$lib/bindings';
import { formatByteSpan, formatBytes } from '$lib/format/bytes';
import { ABSENT, formatCores, formatCount } from '$lib/format/numbers';
import { formatMinute } from '$lib/format/times';
import { t } from '$lib/i18n/i18n.svelte';
import { fitSentence } from '$lib/sizing/fit';
import type { Column } from '$lib/table/column';

/** The best accuracy first; what is unknown is not measured, and so stands last. */
const accuracyRank: Record<Accuracy, number | null> = { roomy: 0, fitting: 1, over: 2, unknown: null };

/**
 * The columns in the order of the page. Drawing is up to the page, which adds its cells by key. Where there is no room for all,
 * errors and warnings go first as long as no log is read: then they are nothing but dashes.
 */
export function appColumns(logsRead: boolean): Array<Column<AppRow>> {
  return [
    {
      key: 'app',
      title: t('apps:column.app'),
      fixed: true,
      value: (row) => row.display_name,
      text: (row) => row.display_name,
    },
    {
      key: 'deployments',
      title: t('apps:column.deployments'),
      hint: t('apps:column.deployments_hint'),
      align: 'right',
      value: (row) => row.deployments_active,
      text: (row) =>
        t('apps:deployments_of', {
          active: formatCount(row.deployments_active),
          seen: formatCount(row.deployments_seen),
        }),
    },
    {
      key: 'trend',
      title: t('apps:column.trend'),
      hint: t('apps:column.trend_hint'),
      value: (row) => growth(row.spark_avg_bytes),
      text: (row) => formatBytes(row.spark_avg_bytes.findLast((value) => value !== null) ?? null),
      first: 'desc',
    },
    bytes('avg', 'avg', (row) => row.memory_avg_bytes),
    { ...bytes('p95', 'p95', (row) => row.memory_p95_bytes), leaves: 9 },
    bytes('worst', 'worst', (row) => row.worst_p95_bytes),
    { ...bytes('peak', 'peak', (row) => row.memory_peak_bytes), leaves: 6 },
    {
      key: 'cpu',
      leaves: 4,
      title: t('apps:column.cpu'),
      hint: t('apps:column.cpu_hint'),
      align: 'right',
      value: (row) => row.cpu_avg_cores,
      text: (row) => formatCores(row.cpu_avg_cores),
    },
    { ...span('estimate', (row) => row.estimate), leaves: 5 },
    span('limit', (row) => row.limit),
    {
      key: 'accuracy',
      title: t('apps:column.accuracy'),
      hint: t('apps:column.accuracy_hint'),
      first: 'desc',
      value: (row) => accuracyRank[row.accuracy],
      text: (row) => t(`common:accuracy.${row.accuracy}`),
    },
    {
      key: 'fit',
      leaves: 10,
      title: t('apps:column.fit'),
      hint: t('apps:column.fit_hint'),
      first: 'desc',
      value: (row) => row.p95_to_estimate_ratio,
      text: (row) => fitSentence(row.p95_to_estimate_ratio) ?? ABSENT,
    },
    events('errors', logsRead ? 8 : 2, (row) => row.errors_24h),
    events('warnings', logsRead ? 7 : 1, (row) => row.warnings_24h),
    {
      key: 'last_report',
      leaves: 3,
      title: t('apps:column.last_report'),
      align: 'right',
      value: (row) => row.last_report_ms,
      text: (row) => formatMinute(row.last_report_ms),
    },
  ];
}

type Measure = 'avg' | 'p95' | 'worst' | 'peak';

function bytes(key: string, words: Measure, value: (row: AppRow) => number | null): Column<AppRow> {
  return {
    key,
    title: t(`apps:column.${words}`),
    hint: t(`apps:column.${words}_hint`),
    align: 'right',
    value,
    text: (row) => formatBytes(value(row)),
  };
}

function span(key: 'estimate' | 'limit', of: (row: AppRow) => SizeSpan): Column<AppRow> {
  return {
    key,
    title: t(`apps:column.${key}`),
    align: 'right',
    value: (row) => of(row).max_bytes,
    text: (row) => formatByteSpan(of(row).min_bytes, of(row).max_bytes),
  };
}

function events(key: 'errors' | 'warnings', leaves: number, value: (row: AppRow) => number | null): Column<AppRow> {
  return { key, leaves, title: t(`apps:column.${key}`), align: 'right', value, text: (row) => formatCount(value(row)) };
}

/** Growth from the first to the last measured bucket, as a ratio: what the eye sees in the sparkline. */
export function growth(values: ReadonlyArray<number | null>): number | null {
  const first = values.find((value) => value !== null);
  const last = values.findLast((value) => value !== null);
  if (!first || last === undefined || last === null) return null;
  return last / first;
}
