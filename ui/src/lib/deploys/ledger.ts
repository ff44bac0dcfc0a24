/** The ledger beyond the page on screen: all of it for an export, and the page a certain deploy is on. */
import type { Backend } from '$lib/backend/backend';
import type { DeployId, DeployRow, DeploysRequest } from '$lib/bindings';

/** Rows of a page. */
export const LEDGER_PAGE = 50;
/** Most rows the backend gives at once. */
const AT_ONCE = 200;
/** However long the ledger is, this many pages are walked through and no more. */
const PAGES_AT_MOST = 100;

/** Which rows are meant. */
export type LedgerFilter = Pick<DeploysRequest, 'app' | 'host' | 'state'>;

/** Every row, newest first. */
export async function allDeploys(backend: Backend, filter: LedgerFilter): Promise<DeployRow[]> {
  const rows: DeployRow[] = [];
  for (let page = 0; page < PAGES_AT_MOST; page += 1) {
    const before = rows.at(-1)?.id ?? null;
    const answer = await backend.call('list_deploys', { ...filter, before, limit: AT_ONCE });
    rows.push(...answer.rows);
    if (!answer.more || answer.rows.length === 0) break;
  }
  return rows;
}

/** The last row of every page before the one `deploy` is on; `null` when it is on none. */
export async function cursorOf(backend: Backend, filter: LedgerFilter, deploy: DeployId): Promise<DeployId[] | null> {
  const before: DeployId[] = [];
  for (let page = 0; page < PAGES_AT_MOST; page += 1) {
    const request = { ...filter, before: before.at(-1) ?? null, limit: LEDGER_PAGE };
    const answer = await backend.call('list_deploys', request);
    if (answer.rows.some((row) => row.id === deploy)) return before;
    const last = answer.rows.at(-1);
    if (!answer.more || !last) return null;
    before.push(last.id);
  }
  return null;
}
