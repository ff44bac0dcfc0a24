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

/** The tables of the page, in the order they came. */
export class KeyTargets {
  readonly #targets: KeyTarget[] = [];

  /** Adds a table until the answer is called. */
  add(target: KeyTarget): () => void {
    this.#targets.push(target);
    return () => {
      this.#targets.splice(this.#targets.indexOf(target), 1);
    };
  }

  /** The table keys speak to now. */
  get current(): KeyTarget | undefined {
    const focused = document.activeElement;
    return this.#targets.find((target) => target.root()?.contains(focused)) ?? this.#targets[0];
  }
}

/** The tables of the window, handed down from the root layout. */
export const [getKeyTargets, setKeyTargets] = createContext<KeyTargets>();
