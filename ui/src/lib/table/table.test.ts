import { describe, expect, it } from 'vitest';
import { type Column, compareValues, firstOrder, matches } from './column';
import { csvCell, toCsv, toTsv } from './export';
import { foldsAt, givingWay } from './fold.svelte';

interface Row {
  name: string;
  bytes: number | null;
}

const columns: Array<Column<Row>> = [
  { key: 'name', title: 'Name', value: (row) => row.name, text: (row) => row.name },
  { key: 'bytes', title: 'Memory, bytes', align: 'right', value: (row) => row.bytes, text: (row) => `${row.bytes} B` },
];

describe('the order of a column', () => {
  const collator = new Intl.Collator('en', { numeric: true });

  it('takes numbers in names as numbers', () => {
    expect(['web-10', 'web-9', 'web-1'].sort((a, b) => compareValues(a, b, collator))).toEqual([
      'web-1',
      'web-9',
      'web-10',
    ]);
  });

  it('takes numbers as numbers', () => {
    expect([10, 9, 1].sort((a, b) => compareValues(a, b, collator))).toEqual([1, 9, 10]);
  });

  it('begins with the largest number, and the first name', () => {
    expect(columns.map(firstOrder)).toEqual(['asc', 'desc']);
  });
});

describe('the filter', () => {
  it('finds every word anywhere, in any case', () => {
    expect(matches('Nextcloud gangway Kikötő Kft.', 'KIKÖTŐ next', 'hu')).toBe(true);
    expect(matches('Nextcloud gangway', 'next windlass', 'en')).toBe(false);
    expect(matches('ЗАРЕЧЬЕ', 'заречье', 'ru')).toBe(true);
  });
});

describe('an exported table', () => {
  it('disarms what a spreadsheet would run', () => {
    for (const name of ['=1+1', '+1', '-1', '@sum', '\tx', '\rx']) {
      expect(csvCell(name).replaceAll('"', ''), name).toMatch(/^'/);
    }
    expect(csvCell('a=b')).toBe('a=b');
  });

  it('leaves numbers as numbers, negative ones too', () => {
    expect(csvCell(-1.5)).toBe('-1.5');
    expect(csvCell(1073741824)).toBe('1073741824');
  });

  it('leaves empty what was not measured', () => {
    expect(csvCell(null)).toBe('');
  });

  it('quotes as RFC 4180 asks', () => {
    expect(csvCell('a,"b"\nc')).toBe('"a,""b""\nc"');
  });

  it('has headings, unrounded values and a byte order mark', () => {
    expect(
      toCsv(columns, [
        { name: 'a', bytes: 5 },
        { name: 'b', bytes: null },
      ]),
    ).toBe('\uFEFFName,"Memory, bytes"\r\na,5\r\nb,\r\n');
  });

  it('is copied as it is shown, one cell per tab', () => {
    expect(toTsv(columns, [{ name: 'a\tb\nc', bytes: 5 }])).toBe('Name\tMemory, bytes\na b c\t5 B');
  });
});

describe('a table without room', () => {
  const column = (key: string, leaves?: number, fixed = false): Column<Row> => ({
    key,
    title: key,
    leaves,
    fixed,
    value: () => null,
    text: () => '',
  });
  const wide = [column('name', 1, true), column('stays'), column('second', 2), column('first', 1), column('third', 3)];
  const keys = (sorted: string) => givingWay(wide, sorted).map(({ key }) => key);

  it('lets go of columns in the order they say, and of none that stays', () => {
    expect(keys('stays')).toEqual(['first', 'second', 'third']);
  });

  it('keeps in sight what its rows are ordered by', () => {
    expect(keys('second')).toEqual(['first', 'third']);
  });

  it('folds no more than its width asks for', () => {
    expect(foldsAt(1500, [1400, 1200])).toBe(0);
    expect(foldsAt(1300, [1400, 1200])).toBe(1);
    expect(foldsAt(1000, [1400, 1200])).toBe(2);
    expect(foldsAt(1000, [])).toBe(0);
  });
});
