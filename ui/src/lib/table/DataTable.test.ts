import { render, screen, waitFor, within } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { tick, type Component } from 'svelte';
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { goto } from '$app/navigation';
import { fixtureBackend } from '$lib/backend/fixture';
import InWindow from '../../testing/InWindow.svelte';
import TableOfFive, { type Ship, ships } from './testing/TableOfFive.svelte';

vi.mock('$app/navigation', () => ({ goto: vi.fn() }));

beforeEach(() => vi.mocked(goto).mockClear());

function open(rows: readonly Ship[] | null = ships) {
  const backend = fixtureBackend();
  render(InWindow, { backend, shown: TableOfFive as unknown as Component<Record<string, unknown>>, given: { rows } });
  const names = () =>
    screen
      .getAllByRole('row')
      .slice(1)
      .map((row) => within(row).getAllByRole('cell')[0]?.textContent?.trim());
  const heading = (name: string) => screen.getByRole('button', { name });
  return { backend, names, heading, user: userEvent.setup() };
}

describe('a table', () => {
  it('orders by a heading, falls first for numbers, and turns on the second click', async () => {
    const { user, names, heading } = open();
    await user.click(heading('Tons'));
    expect(names()).toEqual(['sloop 10', 'Brig', 'sloop 2', 'cutter', 'yawl']);
    await user.click(heading('Tons'));
    expect(names()).toEqual(['sloop 2', 'Brig', 'sloop 10', 'cutter', 'yawl']);
    expect(screen.getByRole('columnheader', { name: 'Tons' }).getAttribute('aria-sort')).toBe('ascending');
  });

  it('keeps what was not measured at the end in either order, and equal rows by name', async () => {
    const { user, names, heading } = open();
    await user.click(heading('Tons'));
    expect(names().slice(-2)).toEqual(['cutter', 'yawl']);
    await user.click(heading('Tons'));
    expect(names().slice(-2)).toEqual(['cutter', 'yawl']);
  });

  it('orders names as people do', () => {
    expect(open().names()).toEqual(['Brig', 'cutter', 'sloop 2', 'sloop 10', 'yawl']);
  });

  it('filters by all that is shown, says how many are left, and offers the way back', async () => {
    const { user, names } = open();
    await user.type(screen.getByRole('textbox'), 'SLOOP');
    expect(names()).toEqual(['sloop 2', 'sloop 10']);
    expect(screen.getByText('2 of 5')).toBeTruthy();
    await user.type(screen.getByRole('textbox'), ' zz');
    await user.click(screen.getByRole('button', { name: 'Clear the filter' }));
    expect(names()).toHaveLength(5);
  });

  it('is walked by arrows and opened from the keyboard', async () => {
    const { user, names } = open();
    await user.click(screen.getByRole('textbox'));
    await user.keyboard('{ArrowDown}');
    expect(document.activeElement?.textContent).toContain('Brig');
    await user.keyboard('{ArrowDown}{ArrowDown}{ArrowUp}');
    expect(document.activeElement?.textContent).toContain('cutter');
    expect(names()).toHaveLength(5);
  });

  it('opens a row by a click, and leaves a link inside to itself', async () => {
    const { user } = open();
    await user.click(screen.getAllByRole('cell', { name: '70 t' })[0] as HTMLElement);
    expect(goto).toHaveBeenCalledWith('/ships/Brig');
  });

  it('copies the row that has the focus', async () => {
    const { user, backend } = open();
    await user.click(screen.getByRole('textbox'));
    await user.keyboard('{ArrowDown}{Control>}c{/Control}');
    expect(backend.copied).toEqual(['Brig\t70 t']);
  });

  it('exports what is shown, in its order', async () => {
    const { user, backend } = open();
    await user.type(screen.getByRole('textbox'), 'sloop');
    await user.click(screen.getByRole('button', { name: 'Table actions' }));
    await user.click(await screen.findByRole('menuitem', { name: 'Export CSV…' }));
    await screen.findByText('Saved ships.csv');
    expect(new TextDecoder().decode(backend.saved[0]?.contents)).toBe('Name,Tons\r\nsloop 2,4\r\nsloop 10,90\r\n');
  });

  it('hides a column, and remembers it and the order', async () => {
    const first = open();
    await first.user.click(first.heading('Tons'));
    await first.user.click(screen.getByRole('button', { name: 'Table actions' }));
    await first.user.click(await screen.findByRole('menuitemcheckbox', { name: 'Tons' }));
    expect(screen.queryByRole('columnheader', { name: 'Tons', hidden: true })).toBeNull();
    const kept = JSON.parse(localStorage.getItem('roadstead.table.ships') ?? '{}');
    expect(kept).toEqual({ sort: { key: 'tons', order: 'desc' }, hidden: ['tons'] });
  });

  it('draws its shape while it is loaded, and what to do when it is empty', () => {
    open(null);
    expect(screen.getByRole('table').getAttribute('aria-busy')).toBe('true');
    expect(screen.queryByText('No ships')).toBeNull();
  });

  it('says what to do when there is nothing', () => {
    open([]);
    expect(screen.getByText('No ships')).toBeTruthy();
    expect(screen.queryByRole('table')).toBeNull();
  });

  it('draws only what is in sight of a long list', () => {
    open(Array.from({ length: 5000 }, (_, at) => ({ name: `boat ${at}`, tons: at })));
    expect(screen.getAllByRole('row').length).toBeLessThan(200);
    expect(screen.getByRole('table').getAttribute('aria-rowcount')).toBe('5001');
  });

  describe('in a place too narrow', () => {
    /** Every cell asks for 100 px, and the place has `room`: the layout that a test without one lacks. */
    function narrow(room: number): void {
      const cells = (element: Element) => element.querySelectorAll('thead th:not(.more)').length;
      vi.spyOn(HTMLElement.prototype, 'clientWidth', 'get').mockReturnValue(room);
      vi.spyOn(HTMLElement.prototype, 'scrollWidth', 'get').mockImplementation(function (this: HTMLElement) {
        return Math.max(room, 100 * cells(this));
      });
    }

    it('folds a column instead of scrolling sideways, and shows it in the details of a row', async () => {
      narrow(150);
      const { user } = open();
      await user.click(await screen.findByRole('button', { name: 'More of Brig' }));
      expect(screen.queryByRole('columnheader', { name: 'Tons', hidden: true })).toBeNull();
      const details = await screen.findByRole('dialog', { name: 'Brig' });
      expect(details.textContent).toContain('Tons');
      expect(details.textContent).toContain('70 t');
    });

    it('shows the details from the keyboard', async () => {
      narrow(150);
      const { user } = open();
      await user.click(screen.getByRole('textbox'));
      await user.keyboard('{ArrowDown}{ArrowDown}{ArrowRight}');
      expect(await screen.findByRole('dialog', { name: 'cutter' })).toBeTruthy();
      await user.keyboard('{Escape}');
      await waitFor(() => expect(document.activeElement?.textContent).toContain('cutter'));
    });

    it('orders by a folded column, and so brings it into sight', async () => {
      narrow(150);
      const { user, names } = open();
      await user.click(await screen.findByRole('button', { name: '1 more column' }));
      await user.click(await screen.findByRole('menuitem', { name: 'Tons' }));
      expect(names()?.[0]).toBe('sloop 10');
      expect(screen.getByRole('columnheader', { name: 'Tons', hidden: true })).toBeTruthy();
    });

    it('still copies and exports every column', async () => {
      narrow(150);
      const { user, backend } = open();
      await screen.findByRole('button', { name: 'More of Brig' });
      await user.click(screen.getByRole('textbox'));
      await user.keyboard('{ArrowDown}{Control>}c{/Control}');
      expect(backend.copied).toEqual(['Brig\t70 t']);
    });

    it('looks again when the window’s own letters have come', async () => {
      const fonts = new EventTarget();
      Object.defineProperty(document, 'fonts', { value: fonts, configurable: true });
      onTestFinished(() => void Reflect.deleteProperty(document, 'fonts'));
      narrow(150);
      open();
      await screen.findByRole('button', { name: 'More of Brig' });
      narrow(200);
      fonts.dispatchEvent(new Event('loadingdone'));
      expect(await screen.findByRole('columnheader', { name: 'Tons' })).toBeTruthy();
      narrow(150);
      fonts.dispatchEvent(new Event('loadingdone'));
      expect(await screen.findByRole('button', { name: 'More of Brig' })).toBeTruthy();
    });

    it('folds nothing where all has room', async () => {
      narrow(200);
      open();
      await tick();
      await tick();
      expect(screen.getByRole('columnheader', { name: 'Tons' })).toBeTruthy();
      expect(screen.queryByRole('button', { name: 'More of Brig' })).toBeNull();
    });
  });
});
