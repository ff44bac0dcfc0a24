import { describe, expect, it } from 'vitest';
import { meaningOf, pathAbove, type Pressed } from './chords';

const press = (key: string, rest: Partial<Pressed> = {}) =>
  meaningOf({ key, ctrl: false, alt: false, typing: false, onControl: false, covered: false, afterG: false, ...rest });

describe('keys', () => {
  it('mean what the list of keys says', () => {
    expect(press('/')).toEqual({ does: 'filter' });
    expect(press('?')).toEqual({ does: 'help' });
    expect(press('j')).toEqual({ does: 'next' });
    expect(press('k')).toEqual({ does: 'previous' });
    expect(press('Enter')).toEqual({ does: 'open' });
    expect(press('Escape')).toEqual({ does: 'back' });
  });

  it('lead to pages by two letters', () => {
    expect(press('g')).toEqual({ does: 'await-letter' });
    expect(press('h', { afterG: true })).toEqual({ does: 'go', path: '/hosts' });
    expect(press('i', { afterG: true })).toEqual({ does: 'go', path: '/issues' });
    expect(press('x', { afterG: true })).toBeNull();
  });

  it('are handed to the page where it gives them a meaning', () => {
    for (const key of ['x', 'X', 'e', 'i', 'u']) expect(press(key), key).toEqual({ does: 'act', key });
  });

  it('are text while something is typed', () => {
    for (const key of ['g', '/', 'j', '?', 'e', 'Escape']) expect(press(key, { typing: true }), key).toBeNull();
  });

  it('belong to an open dialog', () => {
    for (const key of ['g', '/', 'j', 'Escape', 'Enter']) expect(press(key, { covered: true }), key).toBeNull();
  });

  it('open the palette from anywhere', () => {
    expect(press('k', { ctrl: true, typing: true, covered: true })).toEqual({ does: 'palette' });
    expect(press('K', { ctrl: true })).toEqual({ does: 'palette' });
  });

  it('leave the machine’s own chords alone', () => {
    expect(press('j', { ctrl: true })).toBeNull();
    expect(press('k', { alt: true })).toBeNull();
  });

  it('leave Enter to a button that has the focus', () => {
    expect(press('Enter', { onControl: true })).toBeNull();
  });

  it('go back from a detail to its list', () => {
    expect(pathAbove('/apps/immich')).toBe('/apps');
    expect(pathAbove('/hosts/3')).toBe('/hosts');
    expect(pathAbove('/issues/12')).toBe('/issues');
    expect(pathAbove('/apps')).toBeNull();
    expect(pathAbove('/')).toBeNull();
  });
});
