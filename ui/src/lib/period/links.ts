/** Addresses of pages about one thing. Names of apps come from other machines and may hold anything. */
import { resolve } from '$app/paths';
import type { HostId } from '$lib/bindings';

/** The page of an app. */
export function appHref(app: string): string {
  return resolve('/apps/[name]', { name: encodeURIComponent(app) });
}

/** The page of a host. */
export function hostHref(host: HostId): string {
  return resolve('/hosts/[id]', { id: String(host) });
}
