import { screen, waitFor, within } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { describe, expect, it } from 'vitest';
import { fixtureBackend } from '$lib/backend/fixture';
import { locale } from '$lib/i18n/i18n.svelte';
import { inWindow } from '../../../testing/inWindow';
import HostPage from './HostPage.svelte';

function open(id: number) {
  inWindow(fixtureBackend(), HostPage, { id });
}

/** Headings of the table of that name. */
async function headingsOf(table: string): Promise<string[]> {
  const found = await screen.findByRole('table', { name: table });
  return within(found)
    .getAllByRole('columnheader')
    .map((heading) => heading.textContent.trim());
}

describe('the page of a host', () => {
  it('shows both memory numbers of each container', async () => {
    open(1);
    const headings = await headingsOf('Containers');
    expect(headings).toContain('Memory (docker stats)');
    expect(headings).toContain('Memory (OOM killer)');
  });

  it('heads the table of apps in Hungarian word for word', async () => {
    locale.speak('hu');
    open(1);
    expect(await headingsOf('Alkalmazás telemetria')).toEqual([
      'Alkalmazás',
      'Memória (jelenlegi)',
      'Memória (átlag 7d)',
      'Memória (csúcs 7d)',
      'Katalógus limit',
      'Hibák (24ó)',
      'Figyelmeztetések (24ó)',
    ]);
  });

  it('says that a host is away, how old its data is, and what to do', async () => {
    open(6);
    expect(await screen.findByText('kedge does not answer. This is what was last seen of it.')).toBeTruthy();
    expect(screen.getByText(/Everything here is 1 d/)).toBeTruthy();
    expect(screen.getByText('ssh-copy-id deploy@kedge.example.net')).toBeTruthy();
  });

  it('does not say that nothing runs where nothing is known', async () => {
    open(6);
    const apps = within(await screen.findByRole('table', { name: 'App telemetry' }));
    expect(apps.getAllByRole('row').length).toBeGreaterThan(1);
    expect(apps.queryByText('not running')).toBeNull();
  });

  it('allows changes only after saying what that means, and forbids them at once', async () => {
    const backend = fixtureBackend();
    inWindow(backend, HostPage, { id: 2 });
    const user = userEvent.setup();
    const writing = async () => (await backend.call('host', { host: 2 })).row.writing;
    const allowing = await screen.findByRole('switch', { name: 'Allow changes on this host' });
    expect(allowing.getAttribute('aria-checked')).toBe('false');
    expect(screen.queryByText('Changes allowed')).toBeNull();
    await user.click(allowing);
    const asked = within(await screen.findByRole('dialog', { name: 'Allow changes on capstan?' }));
    expect(asked.getByText('does any of this unasked')).toBeTruthy();
    expect(await writing(), 'not before it is confirmed').toBe(false);
    await user.click(asked.getByRole('button', { name: 'Allow changes' }));
    expect(await screen.findByText('Changes allowed')).toBeTruthy();
    expect(await writing()).toBe(true);
    await user.click(screen.getByRole('switch', { name: 'Allow changes on this host' }));
    await waitFor(async () => expect(await writing()).toBe(false));
    await waitFor(() => expect(screen.queryByText('Changes allowed')).toBeNull());
  });

  it('says so when there is no such host', async () => {
    open(4711);
    expect(await screen.findByText('It may have been removed. The list has those there are.')).toBeTruthy();
  });

  it('does not ask for a host whose address makes no sense', async () => {
    open(Number.NaN);
    expect(await screen.findByText('It may have been removed. The list has those there are.')).toBeTruthy();
  });
});
