/** The columns of every table of issues. */
import type { IssueRow } from '$lib/bindings';
import { formatCount } from '$lib/format/numbers';
import { formatDuration, formatMinute } from '$lib/format/times';
import { t } from '$lib/i18n/i18n.svelte';
import type { Column } from '$lib/table/column';
import { marksSentence, occurrences } from './words';

/** Columns a table can have. */
export type IssueColumn =
  'severity' | 'message' | 'app' | 'state' | 'trend' | 'count' | 'spread' | 'first_seen' | 'last_seen';

/** What a table of issues is like. */
export interface IssueColumns {
  /** Columns that would say the same in every row. */
  without?: readonly IssueColumn[];
  /** Length of a bar of the trend; absent while loading. */
  bucketMs?: number;
  /** The backend orders: by what it can. */
  remote?: boolean;
}

/** The columns in order. Drawing is up to the table, which adds its cells by key. */
export function issueColumns({ without = [], bucketMs, remote = false }: IssueColumns): Array<Column<IssueRow>> {
  const all: Array<Column<IssueRow>> = [
    {
      key: 'severity',
      title: t('issues:column.severity'),
      leaves: 6,
      sorts: !remote,
      first: 'desc',
      value: (row) => (remote ? row.severity : row.severity === 'error' ? 1 : 0),
      text: (row) => t(`issues:severity.${row.severity}`),
    },
    {
      key: 'message',
      title: t('issues:column.message'),
      fixed: true,
      grows: true,
      sorts: !remote,
      value: (row) => row.message,
      text: (row) => row.message,
    },
    {
      key: 'app',
      title: t('issues:column.app'),
      leaves: 8,
      value: (row) => row.display_name,
      text: (row) => row.display_name,
    },
    {
      key: 'state',
      title: t('issues:column.state'),
      leaves: 5,
      sorts: !remote,
      value: marksSentence,
      text: marksSentence,
    },
    {
      key: 'trend',
      title: t('issues:column.trend'),
      hint: bucketMs === undefined ? undefined : t('issues:column.trend_hint', { bucket: formatDuration(bucketMs) }),
      leaves: 3,
      sorts: false,
      value: sparkSum,
      text: (row) => formatCount(sparkSum(row)),
    },
    {
      key: 'count',
      title: t('issues:column.count'),
      hint: t('issues:column.count_hint'),
      align: 'right',
      value: (row) => row.count,
      text: occurrences,
    },
    {
      key: 'spread',
      title: t('issues:column.spread'),
      hint: t('issues:column.spread_hint'),
      leaves: 4,
      align: 'right',
      value: (row) => row.hosts,
      text: (row) => `${formatCount(row.hosts)} / ${formatCount(row.containers)}`,
    },
    moment('first_seen', 2, (row) => row.first_seen_ms),
    moment('last_seen', 7, (row) => row.last_seen_ms),
  ];
  return all.filter((column) => !without.includes(column.key as IssueColumn));
}

/** Events the trend shows. */
export function sparkSum(row: IssueRow): number {
  return row.spark.reduce((sum, count) => sum + count, 0);
}

function moment(key: 'first_seen' | 'last_seen', leaves: number, value: (row: IssueRow) => number): Column<IssueRow> {
  return {
    key,
    title: t(`issues:column.${key}`),
    leaves,
    align: 'right',
    value,
    text: (row) => formatMinute(value(row)),
  };
}
