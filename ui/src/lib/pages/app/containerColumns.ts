/** The columns of an app's containers on all hosts. */
import type { AppContainerRow, ContainerRow } from '$lib/bindings';
import { formatBytes } from '$lib/format/bytes';
import { ABSENT, formatCores, formatCount } from '$lib/format/numbers';
import { formatMinute } from '$lib/format/times';
import { sentenceOfStates } from '$lib/format/words';
import { t } from '$lib/i18n/i18n.svelte';
import { rankOfScan, scanWord } from '$lib/issues/words';
import type { Column } from '$lib/table/column';

type Row = AppContainerRow;

/** What a container does, and what is wrong with it, in words. */
export function stateSentence(container: ContainerRow): string {
  const words = [t(`common:container_state.${container.state}`)];
  if (container.health && container.state === 'running') words.push(t(`common:health.${container.health}`));
  if (container.oom_killed) words.push(t('app:containers.oom_killed'));
  else if (container.state !== 'running' && container.exit_code !== null && container.exit_code !== 0) {
    words.push(t('app:containers.exit_code', { code: container.exit_code }));
  }
  return sentenceOfStates(words);
}

/** The columns in order. */
export function containerColumns(): Array<Column<Row>> {
  return [
    text('container', (row) => row.container.name, true),
    text('host', (row) => row.host_name),
    { ...text('service', (row) => row.container.service ?? ABSENT), leaves: 3 },
    text('state', (row) => stateSentence(row.container)),
    {
      key: 'log',
      leaves: 5,
      title: t('issues:scan.column'),
      hint: t('issues:scan.column_hint'),
      first: 'desc',
      value: (row) => rankOfScan(row.container.log),
      text: (row) => scanWord(row.container.log),
    },
    bytes('memory', (row) => row.container.memory_used_bytes, t('app:containers.memory_hint')),
    bytes('usage', (row) => row.container.memory_usage_bytes),
    bytes('limit', (row) => row.container.memory_limit_bytes),
    {
      key: 'cpu',
      title: t('app:containers.cpu'),
      hint: t('apps:column.cpu_hint'),
      align: 'right',
      value: (row) => row.container.cpu_cores,
      text: (row) => formatCores(row.container.cpu_cores),
    },
    {
      key: 'restarts',
      leaves: 2,
      title: t('app:containers.restarts'),
      align: 'right',
      value: (row) => row.container.restart_count,
      text: (row) => formatCount(row.container.restart_count),
    },
    {
      key: 'started',
      leaves: 1,
      title: t('app:containers.started'),
      align: 'right',
      value: (row) => row.container.started_at_ms,
      text: (row) => formatMinute(row.container.started_at_ms),
    },
    { ...text('image', (row) => row.container.image), leaves: 4 },
  ];
}

function text(
  key: 'container' | 'host' | 'service' | 'state' | 'image',
  of: (row: Row) => string,
  fixed = false,
): Column<Row> {
  return { key, title: t(`app:containers.${key}`), fixed, value: of, text: of };
}

function bytes(key: 'memory' | 'usage' | 'limit', value: (row: Row) => number | null, hint?: string): Column<Row> {
  return {
    key,
    title: t(`app:containers.${key}`),
    hint,
    align: 'right',
    value,
    text: (row) => formatBytes(value(row)),
  };
}
