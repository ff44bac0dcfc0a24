/** How the issues are looked at: what stands in the address, and what is being typed and will stand there in a moment. */
import { page } from '$app/state';
import { onDestroy, untrack } from 'svelte';
import { rewriteQuery } from '$lib/period/address.svelte';
import type { Sort } from '$lib/table/column';
import { addressView, type TableView } from '$lib/table/tableView.svelte';
import { type Filters, filtersOf, USUAL_SORT, writeFilters } from './filters';

/** Letters that come closer together than this are one search. */
const TYPING_MS = 250;

/** The view of the page of issues. */
export interface IssuesView extends TableView {
  readonly filters: Filters;
  /** The search that was asked for: what is typed, a moment later. */
  readonly search: string;
  /** Changes what is looked at. `anew`: another list, to come back from. */
  narrow(change: Partial<Filters>, anew?: boolean): void;
  /** Takes every filter but the state away. */
  widen(): void;
}

/** The view; called while the page is made. */
export function issuesView(): IssuesView {
  const own = addressView('issues', USUAL_SORT);
  const filters = $derived(filtersOf(page.url.searchParams));
  const search = $derived(own.filter);
  let typed = $state(own.filter);
  /** What stands in the address because it was typed: it comes back while more is being typed. */
  let written = own.filter;
  let timer: ReturnType<typeof setTimeout> | undefined;

  $effect(() => {
    // Back, forward and links bring another search.
    const found = search;
    untrack(() => {
      if (found === written) return;
      typed = found;
      written = found;
    });
  });
  onDestroy(() => clearTimeout(timer));

  function write(next: string): void {
    written = next;
    rewriteQuery((params) => {
      writeFilters(params, {});
      if (next) params.set('q', next);
      else params.delete('q');
    });
  }

  return {
    get filters() {
      return filters;
    },
    get search() {
      return search;
    },
    get sort() {
      return own.sort;
    },
    set sort(next: Sort) {
      // The address first: it also keeps the order, and another order begins at its first page.
      own.sort = next;
      rewriteQuery((params) => {
        writeFilters(params, {});
        params.set('sort', next.key);
        params.set('order', next.order);
      });
    },
    get hidden() {
      return own.hidden;
    },
    set hidden(next) {
      own.hidden = next;
    },
    get filter() {
      return typed;
    },
    set filter(next) {
      typed = next;
      clearTimeout(timer);
      timer = setTimeout(() => write(next.trim()), TYPING_MS);
    },
    narrow(change, anew = false) {
      rewriteQuery((params) => writeFilters(params, change), anew);
    },
    widen() {
      clearTimeout(timer);
      typed = '';
      written = '';
      rewriteQuery((params) => {
        writeFilters(params, { severity: null, app: null, host: null });
        params.delete('q');
      });
    },
  };
}
