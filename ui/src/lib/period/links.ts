/** Addresses of pages about one thing. Names of apps come from other machines and may hold anything. */
import { resolve } from '$app/paths';
import type { HostId, IssueFilter, IssueId, IssueSeverity } from '$lib/bindings';

/** The page of an app. */
export function appHref(app: string): string {
  return resolve('/apps/[name]', { name: encodeURIComponent(app) });
}

/** The page of a host. */
export function hostHref(host: HostId): string {
  return resolve('/hosts/[id]', { id: String(host) });
}

/** What of the issues is to be seen. */
export interface IssuesLink {
  app?: string;
  host?: HostId;
  severity?: IssueSeverity;
  state?: IssueFilter;
}

/** The page of all issues, narrowed down. */
export function issuesHref({ app, host, severity, state }: IssuesLink = {}): string {
  const params = new URLSearchParams();
  if (state !== undefined && state !== 'open') params.set('state', state);
  if (app !== undefined) params.set('app', app);
  if (host !== undefined) params.set('host', String(host));
  if (severity !== undefined) params.set('severity', severity);
  const query = params.toString();
  return query ? `${resolve('/issues')}?${query}` : resolve('/issues');
}

/** The page of an issue. */
export function issueHref(issue: IssueId): string {
  return resolve('/issues/[id]', { id: String(issue) });
}
