/** How a deploy that was asked for here came to its end, in one sentence. */
import type { DeployRow } from '$lib/bindings';
import { t } from '$lib/i18n/i18n.svelte';
import { causeTitle } from './words';

/** The sentence: `Shop was updated on edge-1.` */
export function endWords(app: string, row: Pick<DeployRow, 'kind' | 'state' | 'fault' | 'host_name'>): string {
  const values = { app, host: row.host_name, cause: row.fault ? causeTitle(row.fault.cause) : '' };
  if (row.state === 'success') {
    return t(row.kind === 'rollback' ? 'deploys:ended.rollback' : 'deploys:ended.update', values);
  }
  if (row.fault?.cause === 'cancelled') return t('deploys:ended.cancelled', values);
  return t(row.state === 'interrupted' ? 'deploys:ended.interrupted' : 'deploys:ended.failed', values);
}
