/** What of a page's state stands in its address, so that back, forward and links bring it back. */
import { goto } from '$app/navigation';
import { resolve } from '$app/paths';
import { page } from '$app/state';
import type { Period } from '$lib/bindings';
import { periodOf, samePeriod, writePeriod } from './period';

/**
 * Writes to the query of the current address, in place: turning a knob is not a page of history. With `anew` it is one: another
 * list, to come back from.
 */
export function rewriteQuery(write: (params: URLSearchParams) => void, anew = false): void {
  // eslint-disable-next-line svelte/prefer-svelte-reactivity -- a copy to write the next address from
  const params = new URLSearchParams(page.url.searchParams);
  write(params);
  const query = params.toString();
  if (query === page.url.searchParams.toString()) return;
  const path = resolve(page.url.pathname as '/');
  void goto(query ? `${path}?${query}` : path, { replaceState: !anew, keepFocus: true, noScroll: true });
}

/** The period of the current address. Keeps its identity while it stays the same, so that nothing is asked twice. */
export function addressPeriod(): { current: Period } {
  let last: Period | undefined;
  const period = $derived.by(() => {
    const now = periodOf(page.url.searchParams);
    last = last !== undefined && samePeriod(last, now) ? last : now;
    return last;
  });
  return {
    get current() {
      return period;
    },
    set current(next: Period) {
      rewriteQuery((params) => writePeriod(params, next));
    },
  };
}
