/** Which table `j`, `k`, `Enter` and `/` speak to: the one that has the focus, else the first on the page. */
import { createContext } from 'svelte';

/** Something that can be walked through by keys. */
export interface KeyTarget {
  /** The element it lives in. */
  root: () => HTMLElement | null;
  /** Moves the active row by `step`. */
  move: (step: number) => void;
  /** Opens the active row; false when there is none. */
  open: () => boolean;
  /** Puts the cursor into the filter; false when there is none. */
  filter: () => boolean;
}

/** Keys a page gives a meaning of its own. */
export type ActionKey = 'x' | 'X' | 'e' | 'i' | 'u' | 'Escape';

/** What the keys do; false leaves the key to whoever else wants it. */
export type KeyActions = Partial<Record<ActionKey, () => boolean>>;

/** The tables of the page, in the order they came, and what further keys do there. */
export class KeyTargets {
  readonly #targets: KeyTarget[] = [];
  readonly #actions: KeyActions[] = [];

  /** Adds a table until the answer is called. */
  add(target: KeyTarget): () => void {
    this.#targets.push(target);
    return () => {
      this.#targets.splice(this.#targets.indexOf(target), 1);
    };
  }

  /** Gives keys a meaning until the answer is called. */
  addActions(actions: KeyActions): () => void {
    this.#actions.push(actions);
    return () => {
      this.#actions.splice(this.#actions.indexOf(actions), 1);
    };
  }

  /** Does what `key` means here, the newest meaning first; false where it means nothing. */
  act(key: ActionKey): boolean {
    return [...this.#actions].reverse().some((actions) => actions[key]?.() ?? false);
  }

  /** The table keys speak to now. */
  get current(): KeyTarget | undefined {
    const focused = document.activeElement;
    return this.#targets.find((target) => target.root()?.contains(focused)) ?? this.#targets[0];
  }
}

/** The tables of the window, handed down from the root layout. */
export const [getKeyTargets, setKeyTargets] = createContext<KeyTargets>();
