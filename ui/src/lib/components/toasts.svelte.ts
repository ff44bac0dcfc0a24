/** Short words at the edge of the window, with at most one thing to do about them. */
import { createContext } from 'svelte';
import type { Tone } from './tone';

/** One message. */
export interface Toast {
  id: number;
  text: string;
  tone: Tone;
  action: { label: string; run: () => void } | null;
}

/** Room for this many at once; the oldest goes first. */
const AT_MOST = 4;
const SHOWN_MS = 6000;
/** Something that can be undone stays long enough to be read and regretted. */
const WITH_ACTION_MS = 12_000;

/** The messages on screen. */
export class Toasts {
  #shown = $state.raw<readonly Toast[]>([]);
  #next = 1;
  // eslint-disable-next-line svelte/prefer-svelte-reactivity -- nothing is drawn from the timers
  readonly #timers = new Map<number, ReturnType<typeof setTimeout>>();

  get shown(): readonly Toast[] {
    return this.#shown;
  }

  /** Shows `text` for a while. */
  say(text: string, tone: Tone = 'ok', action: Toast['action'] = null): void {
    const toast = { id: this.#next++, text, tone, action };
    this.#shown = [...this.#shown, toast].slice(-AT_MOST);
    this.#keepFor(toast.id, action ? WITH_ACTION_MS : SHOWN_MS);
  }

  /** Stops the clock of a message while it is pointed at. */
  hold(id: number): void {
    clearTimeout(this.#timers.get(id));
  }

  /** Starts the clock again. */
  release(id: number): void {
    this.#keepFor(id, SHOWN_MS);
  }

  /** Takes a message away. */
  dismiss(id: number): void {
    clearTimeout(this.#timers.get(id));
    this.#timers.delete(id);
    this.#shown = this.#shown.filter((toast) => toast.id !== id);
  }

  #keepFor(id: number, ms: number): void {
    clearTimeout(this.#timers.get(id));
    this.#timers.set(
      id,
      setTimeout(() => this.dismiss(id), ms),
    );
  }
}

/** The messages of the window, handed down from the root layout. */
export const [getToasts, setToasts] = createContext<Toasts>();
