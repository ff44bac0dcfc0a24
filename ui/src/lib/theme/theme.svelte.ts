/** Dark, light, or as the machine has it. */
import { createSubscriber } from 'svelte/reactivity';
import type { Theme } from '$lib/bindings';

/** What is drawn. */
export type Shade = 'dark' | 'light';

const PLACE = 'roadstead.shade';

const machine = typeof matchMedia === 'undefined' ? null : matchMedia('(prefers-color-scheme: light)');
const followMachine = createSubscriber((update) => {
  machine?.addEventListener('change', update);
  return () => machine?.removeEventListener('change', update);
});

class ThemeInForce {
  #chosen = $state<Theme>('system');

  /** What is drawn now; follows the machine while nothing else is chosen. */
  get shade(): Shade {
    if (this.#chosen !== 'system') return this.#chosen;
    followMachine();
    return machine?.matches ? 'light' : 'dark';
  }

  choose(theme: Theme): void {
    this.#chosen = theme;
  }
}

/** The theme of the window. */
export const theme = new ThemeInForce();

/** Puts the shade on the document, and remembers it so that the next start begins in it. */
export function drawShade(shade: Shade): void {
  document.documentElement.dataset.theme = shade;
  try {
    localStorage.setItem(PLACE, shade);
  } catch {
    // Without storage the next start begins dark: a flash, nothing worse.
  }
}

/** The shade of the last time, before the settings are known. */
export function drawLastShade(): void {
  try {
    document.documentElement.dataset.theme = localStorage.getItem(PLACE) ?? 'dark';
  } catch {
    document.documentElement.dataset.theme = 'dark';
  }
}
