/** The sentence of a failed command. */
import type { WireError } from '$lib/bindings';
import type { Key } from '$lib/i18n/catalogues';
import { isKey, t } from '$lib/i18n/i18n.svelte';
import { isUnit, unitName } from './units';

/** The catalogue's sentence for the error, else the engine's own English one. */
export function sentenceOf(error: WireError): string {
  const key = error.key.replace(/^error\./, 'errors:');
  return isKey(key) ? t(key, spoken(error.params)) : error.message;
}

/** The values of a sentence, those that are words themselves in the language in force. */
function spoken(params: WireError['params']): WireError['params'] {
  const said = { ...params };
  if (said.reason !== undefined) said.reason = reasonWords(said.reason);
  if (isUnit(said.unit)) said.unit = unitName(said.unit, Number(said.max));
  return said;
}

/**
 * Why a file could not be used, by the number the system gives: its words come in English, or in the language of the system,
 * which need not be the window's. 5 is missing on purpose: it means one thing on Windows and another elsewhere.
 */
const BY_NUMBER: Readonly<Record<number, Key>> = {
  1: 'errors:reason.forbidden',
  2: 'errors:reason.not_there',
  13: 'errors:reason.forbidden',
  20: 'errors:reason.not_a_folder',
  21: 'errors:reason.folder',
  24: 'errors:reason.too_many_open',
  28: 'errors:reason.full',
  30: 'errors:reason.read_only',
  36: 'errors:reason.too_long',
  40: 'errors:reason.loop',
};

/** A reason in the language in force where it is a known one, else as it was told. */
function reasonWords(reason: string): string {
  if (reason === 'a folder, not a file') return t('errors:reason.folder');
  const number = /\(os error (\d+)\)$/.exec(reason)?.[1];
  const key = number === undefined ? undefined : BY_NUMBER[Number(number)];
  return key === undefined ? reason : t(key);
}
