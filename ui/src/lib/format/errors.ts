/** The sentence of a failed command. */
import type { WireError } from '$lib/bindings';
import { isKey, t } from '$lib/i18n/i18n.svelte';

/** The catalogue's sentence for the error, else the engine's own English one. */
export function sentenceOf(error: WireError): string {
  const key = error.key.replace(/^error\./, 'errors:');
  return isKey(key) ? t(key, { ...error.params }) : error.message;
}
