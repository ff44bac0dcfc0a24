/**
 * Which columns give way when a table is wider than its place. They fold into a details window of each row, one after the
 * other, in the order their columns say; what the rows are ordered by always stays in sight.
 */
import { tick, untrack } from 'svelte';
import type { Column } from './column';

/** The columns that may give way, the first to go first. */
export function givingWay<Row>(columns: ReadonlyArray<Column<Row>>, sorted: string): Array<Column<Row>> {
  const place = (column: Column<Row>) => column.leaves ?? Infinity;
  return columns
    .filter((column) => column.leaves !== undefined && !column.fixed && column.key !== sorted)
    .sort((a, b) => place(a) - place(b));
}

/** How many columns to fold at `width`, by what is known of the widths that fewer folded ones need. */
export function foldsAt(width: number, needs: ReadonlyArray<number>): number {
  const fits = needs.findIndex((need) => need <= width);
  return fits < 0 ? needs.length : fits;
}

/** What is looked at to fold. */
export interface Folding<Row> {
  columns: () => ReadonlyArray<Column<Row>>;
  /** Key of the column the rows are ordered by. */
  sorted: () => string;
  /** What the table scrolls in. */
  scroller: () => HTMLElement | null;
  /** Its width: looked at again when it changes. */
  width: () => number;
  /** The rows as drawn; `null` while loading. */
  rows: () => readonly Row[] | null;
}

/** The columns of a table, parted into those there is room for and those there is not. */
export interface Folded<Row> {
  readonly shown: ReadonlyArray<Column<Row>>;
  readonly folded: ReadonlyArray<Column<Row>>;
}

/** Folds the columns of a table; called while its component is made. */
export function foldColumns<Row>(folding: Folding<Row>): Folded<Row> {
  let count = $state(0);
  /** Width needed with 0, 1, 2… columns folded, as far as it was too much. */
  let needs: number[] = [];
  const order = $derived(givingWay(folding.columns(), folding.sorted()));
  const leaving = $derived(order.slice(0, count));
  const shown = $derived(folding.columns().filter((column) => !leaving.includes(column)));
  const folded = $derived(folding.columns().filter((column) => leaving.includes(column)));
  let fonts = $state(0);
  const shape = $derived(
    [fonts, folding.rows() === null, folding.sorted(), ...folding.columns().map(({ key, title }) => key + title)].join(
      '\n',
    ),
  );

  $effect(() => {
    // Letters of another font have another width, and the window's own comes a moment after its page.
    const again = () => (fonts += 1);
    document.fonts?.addEventListener?.('loadingdone', again);
    return () => document.fonts?.removeEventListener?.('loadingdone', again);
  });
  $effect.pre(() => {
    // Other columns or other words: what was measured says nothing of them.
    void shape;
    untrack(() => {
      needs = [];
      count = 0;
    });
  });
  $effect.pre(() => {
    const width = folding.width();
    untrack(() => (count = foldsAt(width, needs)));
  });
  let asked = 0;
  $effect(() => {
    // Moving figures may fold one more, and never unfold: a column must not come and go with them.
    void [folding.rows(), folding.width(), shape, count];
    const mine = ++asked;
    // What this change draws is drawn after its effects, and before the window is painted.
    void tick().then(() => {
      if (mine === asked) measure();
    });
  });

  function measure(): void {
    const element = folding.scroller();
    if (!element || count >= order.length || element.scrollWidth <= element.clientWidth + 1) return;
    needs[count] = element.scrollWidth;
    count += 1;
  }

  return {
    get shown() {
      return shown;
    },
    get folded() {
      return folded;
    },
  };
}
