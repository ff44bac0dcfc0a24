/** How a table is looked at: its order, its filter, its hidden columns; remembered on this machine, and shared by address. */
import { page } from '$app/state';
import { rewriteQuery } from '$lib/period/address.svelte';
import type { Sort } from './column';

/** How a table is looked at. */
export interface TableView {
  sort: Sort;
  filter: string;
  hidden: readonly string[];
}

interface Remembered {
  sort: Sort;
  hidden: string[];
}

/** A view remembered under `name`; its filter lives as long as the page. */
export function rememberedView(name: string, usual: Sort): TableView {
  const remembered = recall(name, usual);
  let sort = $state.raw(remembered.sort);
  let hidden = $state.raw<readonly string[]>(remembered.hidden);
  let filter = $state('');
  const keep = () => remember(name, { sort, hidden: [...hidden] });
  return {
    get sort() {
      return sort;
    },
    set sort(next) {
      sort = next;
      keep();
    },
    get hidden() {
      return hidden;
    },
    set hidden(next) {
      hidden = next;
      keep();
    },
    get filter() {
      return filter;
    },
    set filter(next) {
      filter = next;
    },
  };
}

/** A view whose order and filter stand in the address (`sort`, `order`, `q`); for the one main table of a page. */
export function addressView(name: string, usual: Sort): TableView {
  const own = rememberedView(name, usual);
  const sort = $derived.by((): Sort => {
    const key = page.url.searchParams.get('sort');
    if (!key) return own.sort;
    return { key, order: page.url.searchParams.get('order') === 'asc' ? 'asc' : 'desc' };
  });
  const filter = $derived(page.url.searchParams.get('q') ?? '');
  return {
    get sort() {
      return sort;
    },
    set sort(next) {
      own.sort = next;
      rewriteQuery((params) => {
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
      return filter;
    },
    set filter(next) {
      rewriteQuery((params) => {
        if (next) params.set('q', next);
        else params.delete('q');
      });
    },
  };
}

const placeOf = (name: string) => `roadstead.table.${name}`;

function recall(name: string, usual: Sort): Remembered {
  try {
    const kept = JSON.parse(localStorage.getItem(placeOf(name)) ?? 'null') as Partial<Remembered> | null;
    return {
      sort: isSort(kept?.sort) ? kept.sort : usual,
      hidden: Array.isArray(kept?.hidden) ? kept.hidden.filter((key) => typeof key === 'string') : [],
    };
  } catch {
    // Unreadable or forbidden storage costs a preference, not the page.
    return { sort: usual, hidden: [] };
  }
}

function isSort(kept: unknown): kept is Sort {
  const sort = kept as Partial<Sort> | null | undefined;
  return typeof sort?.key === 'string' && (sort.order === 'asc' || sort.order === 'desc');
}

function remember(name: string, view: Remembered): void {
  try {
    localStorage.setItem(placeOf(name), JSON.stringify(view));
  } catch {
    // A full or forbidden storage costs a preference, not the page.
  }
}
