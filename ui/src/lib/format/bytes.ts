/** Bytes on screen: binary units, three telling digits. Stored and sent as plain bytes everywhere else. */
import { t } from '$lib/i18n/i18n.svelte';
import type { Key } from '$lib/i18n/catalogues';
import { ABSENT, numberFormat } from './numbers';

/** Bytes of one MiB. */
export const MIB = 1024 ** 2;
/** Bytes of one GiB. */
export const GIB = 1024 ** 3;

const units: ReadonlyArray<{ size: number; key: Key }> = [
  { size: 1, key: 'common:unit.b' },
  { size: 1024, key: 'common:unit.kib' },
  { size: MIB, key: 'common:unit.mib' },
  { size: GIB, key: 'common:unit.gib' },
  { size: 1024 ** 4, key: 'common:unit.tib' },
];

/** Index of the unit a number of bytes reads best in: the largest it fills at least once, after rounding. */
function unitOf(bytes: number): number {
  let at = 0;
  while (at + 1 < units.length && Math.round(Math.abs(bytes) / unitSize(at)) >= 1024) at += 1;
  return at;
}

function unitSize(at: number): number {
  return units[at]?.size ?? 1;
}

function digitsFor(value: number, at: number): number {
  if (at === 0) return 0;
  const size = Math.abs(value);
  return size < 9.995 ? 2 : size < 99.95 ? 1 : 0;
}

/** `512 MiB`, `1.25 GiB`; no needless zeros, so that what a user typed reads as typed. */
export function formatBytes(bytes: number | null): string {
  if (bytes === null) return ABSENT;
  const at = unitOf(bytes);
  const value = bytes / unitSize(at);
  const text = numberFormat({ maximumFractionDigits: digitsFor(value, at) }).format(value);
  return t(units[at]?.key ?? 'common:unit.b', { value: text });
}

/** `1.2 MiB/s`. */
export function formatBytesPerSecond(bytesPerSecond: number | null): string {
  return bytesPerSecond === null ? ABSENT : t('common:unit.per_s', { value: formatBytes(bytesPerSecond) });
}

/** `256 MiB`, or `256 MiB … 1 GiB` when deployments differ. */
export function formatByteSpan(min: number | null, max: number | null): string {
  if (min === null || max === null) return formatBytes(min ?? max);
  const [from, to] = [formatBytes(min), formatBytes(max)];
  return from === to ? from : `${from} … ${to}`;
}

/** Steps of a memory axis: powers of two times 1, 2 or 4 units, so that the labels stay round. */
export function niceByteStep(maxBytes: number, steps: number): number {
  const wanted = Math.max(1, maxBytes / steps);
  return 2 ** Math.ceil(Math.log2(wanted));
}
