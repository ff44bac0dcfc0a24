/** What the palette offers, and how it is found. */
import { matches } from '$lib/table/column';

/** Something that can be chosen. */
export interface Entry {
  /** Unique within its group. */
  id: string;
  name: string;
  /** Further words it is found by. */
  also: string;
  /** Small words at the end of the line. */
  note?: string;
  run: () => void | Promise<void>;
}

/** At most this many of a group are drawn: a thousand hosts must not be. */
const SHOWN = 8;

/** Entries that match, those whose name begins with what was typed first; and how many there are in all. */
export function found(entries: readonly Entry[], query: string, locale: string): { entries: Entry[]; total: number } {
  const typed = query.trim().toLocaleLowerCase(locale);
  if (!typed) return { entries: entries.slice(0, SHOWN), total: entries.length };
  const fitting = entries.filter((entry) => matches(`${entry.name} ${entry.also}`, typed, locale));
  const begins = (entry: Entry) => (entry.name.toLocaleLowerCase(locale).startsWith(typed) ? 0 : 1);
  const ordered = fitting.map((entry) => ({ entry, rank: begins(entry) })).sort((a, b) => a.rank - b.rank);
  return { entries: ordered.slice(0, SHOWN).map(({ entry }) => entry), total: fitting.length };
}
