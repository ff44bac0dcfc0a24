/** A clock that ages on the page follow. It stands still while nobody looks. */
import { createSubscriber } from 'svelte/reactivity';

const STEP_MS = 1000;

const subscribe = createSubscriber((update) => {
  const timer = setInterval(() => {
    if (!document.hidden) update();
  }, STEP_MS);
  document.addEventListener('visibilitychange', update);
  return () => {
    clearInterval(timer);
    document.removeEventListener('visibilitychange', update);
  };
});

/** Now, in the machine's own time; whoever reads it while drawing is drawn again every second. */
export function nowMs(): number {
  subscribe();
  return Date.now();
}
