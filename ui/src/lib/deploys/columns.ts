/** The columns of the ledger. */
import type { DeployRow } from '$lib/bindings';
import { formatDuration, formatMoment } from '$lib/format/times';
import { t } from '$lib/i18n/i18n.svelte';
import type { Column } from '$lib/table/column';
import { digestLines, imageLine, kindLine, outcomeLine, tookMs, wayBack, whatLine } from './rows';
import { refusalWords } from './words';

/** The columns in order, with the host only where there are several. The backend orders: newest first. */
export function deployColumns(hosts: boolean): Array<Column<DeployRow>> {
  const all: Array<Column<DeployRow>> = [
    {
      key: 'when',
      title: t('deploys:column.when'),
      fixed: true,
      value: (row) => new Date(row.started_ms).toISOString(),
      text: (row) => formatMoment(row.started_ms),
    },
    {
      key: 'number',
      title: t('deploys:column.number'),
      hint: t('deploys:column_hint.number'),
      align: 'right',
      leaves: 1,
      value: (row) => row.id,
      text: (row) => String(row.id),
    },
    {
      key: 'host',
      title: t('deploys:column.host'),
      leaves: 5,
      value: (row) => row.host_name,
      text: (row) => row.host_name,
    },
    {
      key: 'outcome',
      title: t('deploys:column.outcome'),
      value: outcomeLine,
      text: outcomeLine,
    },
    {
      key: 'what',
      title: t('deploys:column.what'),
      fixed: true,
      grows: true,
      width: 'clamp(190px, 31vw, 440px)',
      value: (row) => `${kindLine(row)}: ${whatLine(row)}`,
      text: (row) => `${kindLine(row)}: ${whatLine(row)}`,
    },
    {
      key: 'images',
      title: t('deploys:column.images'),
      leaves: 2,
      value: (row) => digestLines(row.services).replaceAll('\n', ' '),
      text: (row) => row.services.map(imageLine).join(', '),
    },
    {
      key: 'took',
      title: t('deploys:column.took'),
      hint: t('deploys:column_hint.took'),
      align: 'right',
      leaves: 3,
      value: tookMs,
      text: (row) => formatDuration(tookMs(row)),
    },
    {
      key: 'back',
      title: t('deploys:column.back'),
      hint: t('deploys:column_hint.back'),
      align: 'right',
      fixed: true,
      value: backText,
      text: backText,
    },
  ];
  return all.filter((column) => hosts || column.key !== 'host').map((column) => ({ ...column, sorts: false }));
}

function backText(row: DeployRow): string {
  const way = wayBack(row);
  if (way.kind === 'current') return t('deploys:runs_now');
  return way.kind === 'none' ? refusalWords(way.why) : '';
}
