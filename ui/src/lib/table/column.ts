/** What a table shows and how its rows are ordered, told apart from how it is drawn. */
import type { Snippet } from 'svelte';

/** What a cell holds for sorting and export; `null` is not measured and always sorts last. */
export type CellValue = string | number | boolean | null;

/** One column. */
export interface Column<Row> {
  /** Name in the address, in what is remembered, and nowhere on screen. */
  key: string;
  /** Heading. */
  title: string;
  /** Longer words on the heading. */
  hint?: string;
  /** Numbers stand at the right. */
  align?: 'left' | 'right';
  /** What is sorted by and exported. */
  value: (row: Row) => CellValue;
  /** What is shown and copied as text. */
  text: (row: Row) => string;
  /** How it is drawn, where text alone is too little. */
  cell?: Snippet<[Row]>;
  /** Order of the first click on the heading; names rise, numbers fall. */
  first?: SortOrder;
  /** Stays on screen: cannot be hidden. */
  fixed?: boolean;
  /** Place in the order in which columns give way when there is no room for all; without one it stays. */
  leaves?: number;
  /** False where whoever orders the rows cannot order by it. */
  sorts?: boolean;
  /** Takes the width that is left, and is cut off where that is too little. */
  grows?: boolean;
  /** Width in CSS, where the content does not say enough; of a column that grows, the least. */
  width?: string;
}

/** Which way. */
export type SortOrder = 'asc' | 'desc';

/** What a table is ordered by. */
export interface Sort {
  key: string;
  order: SortOrder;
}

/** Order of the first click on a column. */
export function firstOrder<Row>(column: Column<Row>): SortOrder {
  return column.first ?? (column.align === 'right' ? 'desc' : 'asc');
}

/** Rising comparison of two measured values; texts as the language orders them, with numbers inside as numbers. */
export function compareValues(a: CellValue, b: CellValue, collator: Intl.Collator): number {
  if (typeof a === 'string' && typeof b === 'string') return collator.compare(a, b);
  return Number(a) - Number(b);
}

/** Whether every word of `filter` stands somewhere in `text`. */
export function matches(text: string, filter: string, locale: string): boolean {
  const haystack = text.toLocaleLowerCase(locale);
  return filter
    .toLocaleLowerCase(locale)
    .split(/\s+/)
    .every((word) => haystack.includes(word));
}
