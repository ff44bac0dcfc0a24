/** Words put together. */
import { locale } from '$lib/i18n/i18n.svelte';

/** States of one thing, each a word of its own, as one sentence: `Running, healthy`. */
export function sentenceOfStates(states: readonly string[]): string {
  return states
    .map((word, at) => (at === 0 ? word : word.charAt(0).toLocaleLowerCase(locale.tag) + word.slice(1)))
    .join(', ');
}
