/** Which key means what. Pure: what is pressed goes in, what is meant comes out. */

import type { ActionKey } from './keyTargets.svelte';

/** Pages a `g` leads to, by the letter after it. */
export const pagesByLetter = { o: '/', a: '/apps', i: '/issues', h: '/hosts', s: '/settings' } as const;

/** What a key can mean. */
export type Meaning =
  | { does: 'palette' | 'help' | 'filter' | 'next' | 'previous' | 'open' | 'back' | 'await-letter' }
  | { does: 'act'; key: ActionKey }
  | { does: 'go'; path: (typeof pagesByLetter)[keyof typeof pagesByLetter] };

/** A key as it was pressed. */
export interface Pressed {
  key: string;
  ctrl: boolean;
  alt: boolean;
  /** The cursor stands in a field that takes text. */
  typing: boolean;
  /** The focus is on something that Enter presses by itself. */
  onControl: boolean;
  /** A dialog or menu is open: it has the keys. */
  covered: boolean;
  /** The key before was `g`, and a moment ago. */
  afterG: boolean;
}

/** What a key means here; `null` leaves it to whoever else wants it. */
export function meaningOf(pressed: Pressed): Meaning | null {
  const { key, ctrl, alt } = pressed;
  // Works anywhere, also while typing or with the palette open, which it closes again.
  if (ctrl && !alt && key.toLowerCase() === 'k') return { does: 'palette' };
  if (ctrl || alt || pressed.typing || pressed.covered) return null;
  if (pressed.afterG) {
    const path = pagesByLetter[key as keyof typeof pagesByLetter];
    return path ? { does: 'go', path } : null;
  }
  switch (key) {
    case 'g':
      return { does: 'await-letter' };
    case '/':
      return { does: 'filter' };
    case '?':
      return { does: 'help' };
    case 'j':
      return { does: 'next' };
    case 'k':
      return { does: 'previous' };
    case 'Enter':
      return pressed.onControl ? null : { does: 'open' };
    case 'x':
    case 'X':
    case 'e':
    case 'i':
    case 'u':
      return { does: 'act', key };
    case 'Escape':
      return { does: 'back' };
    default:
      return null;
  }
}

/** The page above: the list of a detail, nothing above a list. */
export function pathAbove(path: string): '/apps' | '/issues' | '/hosts' | null {
  if (path.startsWith('/apps/')) return '/apps';
  if (path.startsWith('/issues/')) return '/issues';
  return path.startsWith('/hosts/') ? '/hosts' : null;
}
