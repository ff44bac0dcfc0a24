import { describe, expect, it } from 'vitest';
import { issuesHref } from '$lib/period/links';
import { filtersOf, narrowed, requestOf, USUAL_SORT, writeFilters } from './filters';

const of = (query: string) => filtersOf(new URLSearchParams(query));

function written(query: string, change: Parameters<typeof writeFilters>[1]): string {
  const params = new URLSearchParams(query);
  writeFilters(params, change);
  return params.toString();
}

describe('what an address asks for', () => {
  it('is everything open when it says nothing', () => {
    expect(of('')).toEqual({ state: 'open', severity: null, app: null, host: null, page: 1 });
  });

  it('is read from each part', () => {
    expect(of('state=regressed&severity=error&app=a%26b&host=3&page=4')).toEqual({
      state: 'regressed',
      severity: 'error',
      app: 'a&b',
      host: 3,
      page: 4,
    });
  });

  it('is the usual where it makes no sense', () => {
    expect(of('state=broken&severity=fatal&host=x&page=-2')).toEqual(of(''));
    expect(of('page=1.5').page).toBe(1);
  });

  it('is what the links of other pages say', () => {
    const link = new URL(issuesHref({ app: 'n&b', host: 0, severity: 'warning', state: 'new' }), 'http://localhost');
    expect(filtersOf(link.searchParams)).toEqual({ state: 'new', severity: 'warning', app: 'n&b', host: 0, page: 1 });
    expect(issuesHref({ state: 'open' })).toBe('/issues');
  });
});

describe('a filter that is turned', () => {
  it('comes back from its address', () => {
    expect(of(written('', { state: 'ignored', severity: 'error', app: 'x', host: 7 }))).toMatchObject({
      state: 'ignored',
      severity: 'error',
      app: 'x',
      host: 7,
    });
  });

  it('leaves no trace where it is usual, and leaves what is not its own', () => {
    expect(written('state=new&q=panic&sort=count', { state: 'open' })).toBe('q=panic&sort=count');
  });

  it('begins another list at its first page', () => {
    expect(written('page=7', { severity: 'error' })).toBe('severity=error');
    expect(written('severity=error', { page: 2 })).toBe('severity=error&page=2');
  });
});

describe('the question', () => {
  it('is put in the words of the engine, a hundred rows at a time', () => {
    expect(requestOf(of('state=new&app=x&page=3'), ' Panic ', { key: 'count', order: 'asc' })).toEqual({
      app: 'x',
      host: null,
      severity: null,
      filter: 'new',
      search: 'Panic',
      sort: 'count',
      descending: false,
      offset: 200,
      limit: 100,
    });
  });

  it('is ordered as usual where the address names no such order', () => {
    expect(requestOf(of(''), '', { key: 'message', order: 'desc' }).sort).toBe(USUAL_SORT.key);
  });

  it('is narrowed by everything but the state', () => {
    expect(narrowed(of('state=new'), '')).toBe(false);
    expect(narrowed(of(''), ' x ')).toBe(true);
    expect(narrowed(of('host=0'), '')).toBe(true);
  });
});
