/** The live metrics in the address of the page: back, forward and links bring the same chart back. */
import { page } from '$app/state';
import { rewriteQuery } from '$lib/period/address.svelte';
import { type MetricsView, sameView, viewOf, writeView } from './view';

/** The view of the current address. Keeps its identity while it stays the same, so that nothing is asked twice. */
export function addressMetrics(): { current: MetricsView } {
  let last: MetricsView | undefined;
  const view = $derived.by(() => {
    const now = viewOf(page.url.searchParams);
    last = last !== undefined && sameView(last, now) ? last : now;
    return last;
  });
  return {
    get current() {
      return view;
    },
    set current(next: MetricsView) {
      rewriteQuery((params) => writeView(params, next));
    },
  };
}
