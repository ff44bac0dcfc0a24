import { describe, expect, it } from 'vitest';
import { Selection } from './selection.svelte';

const rows = ['a', 'b', 'c', 'd', 'e'];

describe('a selection', () => {
  it('picks a row and lets it go', () => {
    const selection = new Selection();
    selection.turn('b', rows);
    selection.turn('d', rows);
    expect(selection.picked).toEqual(['b', 'd']);
    selection.turn('b', rows);
    expect(selection.picked).toEqual(['d']);
  });

  it('picks from the last one on, down or up', () => {
    const selection = new Selection();
    selection.turn('d', rows);
    selection.turn('b', rows, true);
    expect([...selection.picked].sort()).toEqual(['b', 'c', 'd']);
    selection.turn('e', rows, true);
    expect([...selection.picked].sort()).toEqual(['b', 'c', 'd', 'e']);
  });

  it('lets a range go as it picked it', () => {
    const selection = new Selection();
    selection.pick(rows);
    selection.turn('b', rows);
    selection.turn('d', rows, true);
    expect(selection.picked).toEqual(['a', 'e']);
  });

  it('takes a range without a beginning for one row', () => {
    const selection = new Selection();
    selection.turn('c', rows, true);
    expect(selection.picked).toEqual(['c']);
  });

  it('holds nothing that is no longer shown', () => {
    const selection = new Selection();
    selection.pick(rows);
    selection.keep(['b', 'x']);
    expect(selection.picked).toEqual(['b']);
  });
});
