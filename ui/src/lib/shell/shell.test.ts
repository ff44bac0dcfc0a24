import { render, screen, waitFor, within } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { createRawSnippet } from 'svelte';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { goto } from '$app/navigation';
import { fixtureBackend, type Scene } from '$lib/backend/fixture';
import Frame from './Frame.svelte';
import { type Entry, found } from './paletteEntries';

vi.mock('$app/navigation', () => ({ goto: vi.fn(), afterNavigate: vi.fn() }));

beforeEach(() => vi.mocked(goto).mockReset());

async function open(scene: Scene = 'full') {
  const backend = fixtureBackend({ scene });
  const children = createRawSnippet(() => ({ render: () => '<p>the page</p>' }));
  render(Frame, { backend, children });
  await screen.findByText('the page');
  return { backend, user: userEvent.setup() };
}

describe('the window', () => {
  it('says on every page that a simulated fleet is not real, and leads out of it', async () => {
    const { user, backend } = await open('demo');
    expect(screen.getByRole('note').textContent).toContain('None of this is real');
    await user.click(screen.getByRole('button', { name: 'Leave the simulation' }));
    await waitFor(() => expect(screen.queryByRole('note')).toBeNull());
    expect((await backend.call('app_state', null)).mode).toBe('own');
  });

  it('says nothing of a simulation over the user’s own fleet', async () => {
    await open();
    expect(screen.queryByRole('note')).toBeNull();
    expect(screen.queryByRole('alert')).toBeNull();
  });

  it('shows what is urgent, and lets go only of what the user can let go', async () => {
    const { user } = await open('banners');
    const banners = await screen.findAllByRole('alert');
    expect(banners.map((banner) => banner.textContent)).toEqual([
      expect.stringContaining('The disk is full'),
      expect.stringContaining('roadstead.db.damaged-2026-03-14'),
      expect.stringContaining('tidying the store'),
    ]);
    expect(within(banners[0] as HTMLElement).queryByRole('button')).toBeNull();
    await user.click(within(banners[1] as HTMLElement).getByRole('button', { name: 'Dismiss' }));
    await waitFor(() => expect(screen.getAllByRole('alert')).toHaveLength(2));
  });

  it('goes where a deep link leads', async () => {
    const { backend } = await open();
    backend.emit({ type: 'open', path: 'apps/immich' });
    expect(goto).toHaveBeenCalledWith('/apps/immich');
  });

  it('goes to pages by letters', async () => {
    const { user } = await open();
    await user.keyboard('gh');
    expect(goto).toHaveBeenCalledWith('/hosts');
    await user.keyboard('ga');
    expect(goto).toHaveBeenCalledWith('/apps');
    await user.keyboard('gi');
    expect(goto).toHaveBeenCalledWith('/issues');
  });

  it('counts open issues beside their page', async () => {
    await open();
    expect((await screen.findByTitle('19 open issues')).closest('a')?.getAttribute('href')).toBe('/issues');
  });

  it('goes on listening after a radio was chosen, and not while a name is written', async () => {
    const { user } = await open();
    const field = (type: string) => document.body.appendChild(Object.assign(document.createElement('input'), { type }));
    const [radio, name] = [field('radio'), field('text')];
    try {
      await user.click(radio);
      await user.keyboard('gh');
      expect(goto).toHaveBeenCalledWith('/hosts');
      vi.mocked(goto).mockClear();
      await user.click(name);
      await user.keyboard('gh');
      expect(goto).not.toHaveBeenCalled();
    } finally {
      radio.remove();
      name.remove();
    }
  });

  it('lists its keys', async () => {
    const { user } = await open();
    await user.keyboard('?');
    const dialog = await screen.findByRole('dialog', { name: 'Keyboard' });
    expect(dialog.textContent).toContain('Filter the table');
    await user.keyboard('{Escape}');
    await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
  });
});

describe('the palette', () => {
  async function search(text: string, scene: Scene = 'full') {
    const opened = await open(scene);
    await opened.user.keyboard('{Control>}k{/Control}');
    await opened.user.type(await screen.findByRole('combobox'), text);
    return opened;
  }

  it('finds an app and opens it', async () => {
    const { user } = await search('nextc');
    await screen.findByRole('option', { name: 'Nextcloud' });
    await user.keyboard('{Enter}');
    expect(goto).toHaveBeenCalledWith('/apps/nextcloud');
  });

  it('finds a host by its customer', async () => {
    const { user } = await search('albatros keds');
    expect(screen.queryByRole('option', { name: /kedge/ })).toBeNull();
    await user.clear(screen.getByRole('combobox'));
    await user.type(screen.getByRole('combobox'), 'albatros ked');
    await user.click(await screen.findByRole('option', { name: /kedge/ }));
    expect(goto).toHaveBeenCalledWith('/hosts/6');
  });

  it('turns the theme, at once and for good', async () => {
    const { user, backend } = await search('theme light');
    await user.click(await screen.findByRole('option', { name: 'Theme: light' }));
    await waitFor(() => expect(document.documentElement.dataset.theme).toBe('light'));
    expect((await backend.call('settings', null)).settings.theme).toBe('light');
  });

  it('turns the language, at once', async () => {
    const { user } = await search('magyar');
    await user.click(await screen.findByRole('option', { name: 'Language: Magyar' }));
    expect(await screen.findByRole('link', { name: 'Alkalmazások' })).toBeTruthy();
  });

  it('offers pages and actions when apps and hosts cannot be listed, and says so', async () => {
    await search('set', 'error');
    expect(await screen.findByText(/could not be listed: .*database did not answer/)).toBeTruthy();
    expect(screen.getByRole('option', { name: /Settings/ })).toBeTruthy();
  });

  it('draws a handful of a large fleet, and says how many there are', () => {
    const entries = Array.from({ length: 1000 }, (_, at): Entry => {
      return { id: String(at), name: `host-${at}`, also: 'ssh://', run: () => undefined };
    });
    const result = found(entries, 'host', 'en');
    expect(result.entries.length).toBeLessThanOrEqual(8);
    expect(result.total).toBe(1000);
  });

  it('puts first what begins with what was typed', () => {
    const entry = (name: string): Entry => ({ id: name, name, also: '', run: () => undefined });
    const result = found([entry('my-redis'), entry('redis')], 'red', 'en');
    expect(result.entries.map(({ name }) => name)).toEqual(['redis', 'my-redis']);
  });
});
