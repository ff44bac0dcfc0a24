/** Why something failed, as a sentence for the user. */
import { sentenceOf } from '$lib/format/errors';
import { wireErrorOf } from './backend';

/** The sentence of anything that was thrown. */
export function reasonOf(thrown: unknown): string {
  return sentenceOf(wireErrorOf(thrown));
}
