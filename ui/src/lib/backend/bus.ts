/** One subscription to the backend's events, shared by whatever on the page listens. */
import { createContext } from 'svelte';
import type { AppEvent, Tag } from '$lib/bindings';

type Listener = (tags: readonly Tag[]) => void;

/** Hands changed tags to those who listen. */
export class ChangeBus {
  readonly #listeners = new Set<Listener>();

  /** Calls `listener` with every set of changed tags until the answer is called. */
  listen(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Passes on what changed. Other events are not for queries. */
  take(event: AppEvent): void {
    if (event.type !== 'changed') return;
    for (const listener of this.#listeners) listener(event.tags);
  }
}

/** Whether `changed` holds one of `wanted`. */
export function concerns(changed: readonly Tag[], wanted: readonly Tag[]): boolean {
  return changed.some((tag) => wanted.some((own) => sameTag(own, tag)));
}

function sameTag(a: Tag, b: Tag): boolean {
  if (typeof a === 'string' || typeof b === 'string') return a === b;
  return a.host === b.host;
}

/** The bus of the window, handed down from the root layout. */
export const [getBus, setBus] = createContext<ChangeBus>();
