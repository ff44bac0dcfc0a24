/** What of the issues is looked at, as it stands in the address: `?state=new&severity=error&app=…&host=3&q=…&sort=count&page=2`. */
import type { HostId, IssueFilter, IssueSeverity, IssueSort, IssuesRequest } from '$lib/bindings';
import type { Sort } from '$lib/table/column';

/** Rows of a page. */
export const PAGE_ROWS = 100;
/** Most rows of one answer, for exports. */
export const MOST_ROWS = 500;

/** The states on offer, in order. */
export const stateFilters: readonly IssueFilter[] = ['open', 'new', 'regressed', 'resolved', 'ignored', 'all'];

const severities: readonly IssueSeverity[] = ['error', 'warning'];
const sorts: readonly IssueSort[] = ['last_seen', 'first_seen', 'count', 'spread', 'app'];

/** What is shown first. */
export const USUAL_SORT: Sort = { key: 'last_seen', order: 'desc' };

/** What is looked at. */
export interface Filters {
  state: IssueFilter;
  severity: IssueSeverity | null;
  app: string | null;
  host: HostId | null;
  /** From 1. */
  page: number;
}

/** What an address asks for; what it says wrongly counts as not said. */
export function filtersOf(params: URLSearchParams): Filters {
  const host = Number(params.get('host') || Number.NaN);
  const page = Number(params.get('page') || 1);
  return {
    state: stateFilters.find((state) => state === params.get('state')) ?? 'open',
    severity: severities.find((severity) => severity === params.get('severity')) ?? null,
    app: params.get('app') || null,
    host: Number.isSafeInteger(host) && host >= 0 ? host : null,
    page: Number.isSafeInteger(page) && page >= 1 ? page : 1,
  };
}

/** Writes a change into an address; what is usual leaves no trace, and another list begins at its first page. */
export function writeFilters(params: URLSearchParams, change: Partial<Filters>): void {
  const next = { ...filtersOf(params), page: 1, ...change };
  const put = (name: string, value: string | null) => (value === null ? params.delete(name) : params.set(name, value));
  put('state', next.state === 'open' ? null : next.state);
  put('severity', next.severity);
  put('app', next.app);
  put('host', next.host === null ? null : String(next.host));
  put('page', next.page === 1 ? null : String(next.page));
}

/** Whether anything but the state narrows the list down. */
export function narrowed(filters: Filters, search: string): boolean {
  return filters.severity !== null || filters.app !== null || filters.host !== null || search.trim() !== '';
}

/** The question to ask. */
export function requestOf(filters: Filters, search: string, sort: Sort): IssuesRequest {
  return {
    app: filters.app,
    host: filters.host,
    severity: filters.severity,
    filter: filters.state,
    search: search.trim(),
    sort: sorts.find((known) => known === sort.key) ?? 'last_seen',
    descending: sort.order === 'desc',
    offset: (filters.page - 1) * PAGE_ROWS,
    limit: PAGE_ROWS,
  };
}
