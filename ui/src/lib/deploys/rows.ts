/** A row of the ledger as it is read: what it did, how it ended, and whether there is a way back to it. */
import type { DeployedService, DeployRefusal, DeployRow } from '$lib/bindings';
import { shortDigest, shortImage } from '$lib/format/images';
import { t } from '$lib/i18n/i18n.svelte';
import { causeTitle, changesLine, kindWord, stateWord, stepWords } from './words';

/** Refusals that hold only now, or that the operator can lift: the way back is offered and the dialog says more. */
const PASSING: ReadonlyArray<DeployRefusal['kind']> = ['writing_off', 'host_unreachable', 'busy'];

/** Whether it is told by service: replicas of one service are no others. */
export function ofServices(row: Pick<DeployRow, 'services'>): boolean {
  return row.services.some((service) => service.service !== row.services[0]?.service);
}

/** How it came to be: `Update`, `Rollback to number 12`. */
export function kindLine(row: Pick<DeployRow, 'kind' | 'rollback_of'>): string {
  return row.rollback_of === null ? kindWord(row.kind) : t('deploys:rollback_of', { number: row.rollback_of });
}

/** What it changed, in one line; where it changed nothing, what it did all the same. */
export function whatLine(row: Pick<DeployRow, 'kind' | 'changes' | 'services'>): string {
  if (row.changes.length > 0) return changesLine(row.changes, { services: ofServices(row) });
  const images = [...new Set(row.services.map((service) => shortImage(service.image)))].join(', ');
  return t(`deploys:nothing.${row.kind}`, { images });
}

/** How it ended, or what it is doing: `Failed: the cause`, `Under way: Pulling the images`. */
export function outcomeLine(row: Pick<DeployRow, 'state' | 'fault' | 'progress'>): string {
  const word = stateWord(row.state);
  if (row.fault) return `${word}: ${causeTitle(row.fault.cause)}`;
  return row.state === 'running' && row.progress ? `${word}: ${stepWords(row.progress.step)}` : word;
}

/** A service with what it ran, digest and all: `shop:1.2.4 4f2a9c81d0b3`. */
export function imageLine(service: Pick<DeployedService, 'image' | 'digest' | 'image_id'>): string {
  return `${shortImage(service.image)} ${shortDigest(service.digest ?? service.image_id)}`;
}

/** Every image of a deploy as it can be given to `docker pull`, one a line. */
export function digestLines(services: readonly DeployedService[]): string {
  return services.map((service) => service.digest ?? service.image_id).join('\n');
}

/** How long it took; `null` while it is under way, and for what somebody else did. */
export function tookMs(row: Pick<DeployRow, 'kind' | 'started_ms' | 'ended_ms'>): number | null {
  if (row.kind === 'found' || row.kind === 'observed' || row.ended_ms === null) return null;
  return Math.max(0, row.ended_ms - row.started_ms);
}

/** What stands at the end of a row. */
export type WayBack =
  | { kind: 'open' }
  | { kind: 'current' }
  | { kind: 'running'; canCancel: boolean }
  | { kind: 'none'; why: DeployRefusal };

/** Whether an earlier deploy can be put back, as far as is known before the host is asked. */
export function wayBack(row: Pick<DeployRow, 'state' | 'is_current' | 'progress' | 'no_way_back'>): WayBack {
  if (row.state === 'running') return { kind: 'running', canCancel: row.progress?.can_cancel ?? false };
  if (row.is_current) return { kind: 'current' };
  if (row.no_way_back && !PASSING.includes(row.no_way_back.kind)) return { kind: 'none', why: row.no_way_back };
  return row.state === 'success' ? { kind: 'open' } : { kind: 'none', why: row.no_way_back ?? { kind: 'not_good' } };
}

/** Rows that say more than one line by themselves: what is under way, and what could not be mended yet. */
export function speaksUp(row: Pick<DeployRow, 'state' | 'repair_waits'>): boolean {
  return row.state === 'running' || row.repair_waits;
}

/** Whether before and after can be told of it at all. */
export function hasEffect(row: Pick<DeployRow, 'state' | 'kind'>): boolean {
  return row.state === 'success' && row.kind !== 'found';
}
