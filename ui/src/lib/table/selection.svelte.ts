/** Which rows of a table are picked, and which one the keyboard stands on. */

/** Key of a row. */
export type RowKey = string | number;

/** Picked rows of one table. */
export class Selection {
  #picked = $state.raw<readonly RowKey[]>([]);
  #active = $state.raw<RowKey | null>(null);
  /** The row picked last: the other end of a range. */
  #anchor: RowKey | null = null;

  /** The picked rows, in the order they were picked. */
  get picked(): readonly RowKey[] {
    return this.#picked;
  }

  /** The row the keyboard stands on; the table says which. */
  get active(): RowKey | null {
    return this.#active;
  }

  set active(key: RowKey | null) {
    this.#active = key;
  }

  /** Whether a row is picked. */
  has(key: RowKey): boolean {
    return this.#picked.includes(key);
  }

  /** Picks a row or lets it go; with `range` all rows from the one picked last to this one, in the order of `rows`. */
  turn(key: RowKey, rows: readonly RowKey[], range = false): void {
    const to = !this.has(key);
    const [one, other] = [rows.indexOf(this.#anchor ?? key), rows.indexOf(key)];
    const turned = range && one >= 0 && other >= 0 ? rows.slice(Math.min(one, other), Math.max(one, other) + 1) : [key];
    const rest = this.#picked.filter((own) => !turned.includes(own));
    this.#picked = to ? [...rest, ...turned] : rest;
    this.#anchor = key;
  }

  /** Picks exactly these. */
  pick(rows: readonly RowKey[]): void {
    this.#picked = [...rows];
    this.#anchor = null;
  }

  /** Lets go of all. */
  clear(): void {
    this.pick([]);
  }

  /** Lets go of what is not among `rows` any more: what is picked can always be seen. */
  keep(rows: readonly RowKey[]): void {
    if (this.#picked.some((key) => !rows.includes(key))) {
      this.#picked = this.#picked.filter((key) => rows.includes(key));
    }
  }
}
