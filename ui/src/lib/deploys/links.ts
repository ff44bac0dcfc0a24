/** Where a deploy is found: a row of the ledger on the page of its app. */
import type { DeployId } from '$lib/bindings';
import { appHref } from '$lib/period/links';

const ANCHOR = /^#?deploy-(\d{1,15})$/;

/** Name of the row of a deploy. */
export function deployAnchor(deploy: DeployId): string {
  return `deploy-${deploy}`;
}

/** Address of a deploy: the page of its app, at its row. */
export function deployHref(app: string, deploy: DeployId): string {
  return `${appHref(app)}#${deployAnchor(deploy)}`;
}

/** The deploy an address points to. */
export function deployOfHash(hash: string): DeployId | null {
  const found = ANCHOR.exec(hash);
  return found ? Number(found[1]) : null;
}
