/** What lives as long as a component does, and hears of what changes meanwhile. */
import { onMount } from 'svelte';
import { getBus } from '$lib/backend/bus';
import type { Tag } from '$lib/bindings';

/** Something that is told what happens. */
export interface Attending {
  /** Takes note of what changed. */
  changed(tags: readonly Tag[]): void;
  /** The window can be seen again, or not any more. */
  seen(): void;
  /** Lets go. */
  close(): void;
}

/** Tells `living` what happens until the component that calls this while it is set up is gone. */
export function attend(living: Attending): void {
  const bus = getBus();
  onMount(() => {
    const seen = () => living.seen();
    const stop = bus.listen((tags) => living.changed(tags));
    document.addEventListener('visibilitychange', seen);
    return () => {
      stop();
      document.removeEventListener('visibilitychange', seen);
      living.close();
    };
  });
}
