/** Which rows of a table are drawn, and in which order. */
import {
  createSortedRowModel,
  createTable,
  rowSortingFeature,
  tableFeatures,
  type ColumnDef,
} from '@tanstack/svelte-table';
import { createVirtualizer } from '@tanstack/svelte-virtual';
import { fromStore, get } from 'svelte/store';
import { locale } from '$lib/i18n/i18n.svelte';
import { compareValues, matches, type Column, type Sort } from './column';

/** Height of a row. */
export const ROW_PX = 36;
/** Up to this many rows are simply drawn. */
const DRAWN_AT_ONCE = 100;

/** What rows are ordered by. */
export interface Ordering<Row> {
  rows: () => readonly Row[];
  columns: () => ReadonlyArray<Column<Row>>;
  sort: () => Sort;
  filter: () => string;
  /** All the filter looks at. */
  textOf: (row: Row) => string;
  /** What a row is called: equal rows stand by name. */
  nameOf: (row: Row) => string;
}

/** The rows that pass the filter, in order; what was not measured stands last in either order. */
export function orderRows<Row>(by: Ordering<Row>): { readonly current: readonly Row[] } {
  const collator = $derived(new Intl.Collator(locale.tag, { numeric: true, sensitivity: 'base' }));
  const kept = $derived.by((): Row[] => {
    const filter = by.filter().trim();
    const found = by.rows().filter((row) => !filter || matches(by.textOf(row), filter, locale.tag));
    return found.sort((a, b) => collator.compare(by.nameOf(a), by.nameOf(b)));
  });
  const features = tableFeatures({ rowSortingFeature, sortedRowModel: createSortedRowModel() });
  const definitions = $derived(
    by.columns().map((column): ColumnDef<typeof features, Row & object, unknown> => ({
      id: column.key,
      accessorFn: (row) => column.value(row) ?? undefined,
      sortUndefined: 'last',
      sortFn: (a, b, key) => compareValues(a.getValue(key), b.getValue(key), collator),
    })),
  );
  const table = createTable({
    features,
    get columns() {
      return definitions;
    },
    get data() {
      return kept as (Row & object)[];
    },
    state: {
      get sorting() {
        const { key, order } = by.sort();
        return [{ id: key, desc: order === 'desc' }];
      },
    },
  });
  const ordered = $derived(table.getRowModel().rows.map((row) => row.original as Row));
  return {
    get current() {
      return ordered;
    },
  };
}

/** The rows in sight of a long list, and the height of what is above and below them. */
export interface Drawn<Row> {
  first: number;
  rows: readonly Row[];
  above: number;
  below: number;
}

/** All rows of a short list; of a long one those in sight. */
export function drawRows<Row>(
  rows: () => readonly Row[],
  scroller: () => HTMLElement | null,
): { readonly current: Drawn<Row>; scrollTo: (index: number) => void } {
  const virtual = $derived(rows().length > DRAWN_AT_ONCE);
  const options = (count: number) => ({
    count,
    getScrollElement: scroller,
    estimateSize: () => ROW_PX,
    overscan: 12,
  });
  const store = createVirtualizer<HTMLElement, HTMLTableRowElement>(options(0));
  const virtualizer = fromStore(store);
  $effect(() => {
    const count = virtual ? rows().length : 0;
    void scroller();
    get(store).setOptions(options(count));
  });
  const drawn = $derived.by((): Drawn<Row> => {
    if (!virtual) return { first: 0, rows: rows(), above: 0, below: 0 };
    const items = virtualizer.current.getVirtualItems();
    const first = items[0]?.index ?? 0;
    const last = items.at(-1)?.index ?? -1;
    return {
      first,
      rows: rows().slice(first, last + 1),
      above: first * ROW_PX,
      below: Math.max(0, rows().length - last - 1) * ROW_PX,
    };
  });
  return {
    get current() {
      return drawn;
    },
    scrollTo: (index) => {
      if (virtual) virtualizer.current.scrollToIndex(index);
    },
  };
}
