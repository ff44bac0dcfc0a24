import { screen, waitFor } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { describe, expect, it } from 'vitest';
import { fixtureBackend } from '$lib/backend/fixture';
import { inWindow } from '../../../testing/inWindow';
import SettingsPage from './SettingsPage.svelte';

async function open() {
  const backend = fixtureBackend();
  inWindow(backend, SettingsPage, {});
  await screen.findByLabelText('Tick interval');
  const stored = async () => (await backend.call('settings', null)).settings;
  return { backend, stored, user: userEvent.setup() };
}

describe('the settings page', () => {
  it('stores a choice at once and says so', async () => {
    const { user, stored } = await open();
    await user.click(screen.getByRole('radio', { name: 'Light' }));
    await screen.findByText('Saved');
    expect((await stored()).theme).toBe('light');
  });

  it('refuses a number under its field as it is typed, and stores nothing', async () => {
    const { user, stored } = await open();
    const field = screen.getByLabelText('Tick interval');
    await user.clear(field);
    await user.type(field, '301');
    expect(screen.getByRole('alert').textContent).toBe('301 is out of range: 5 to 300 seconds.');
    expect(field.getAttribute('aria-invalid')).toBe('true');
    await user.tab();
    expect((await stored()).tick_interval_s).toBe(15);
  });

  it('asks before it keeps less', async () => {
    const { user, stored } = await open();
    const field = screen.getByLabelText('Reports');
    await user.clear(field);
    await user.type(field, '30{Enter}');
    expect((await stored()).reports_retention_days, 'not yet').toBe(90);
    await user.click(await screen.findByRole('button', { name: 'Keep only 30 days' }));
    await waitFor(async () => expect((await stored()).reports_retention_days).toBe(30));
  });

  it('adds to the list of what is left out and takes from it', async () => {
    const { user, stored } = await open();
    await user.type(screen.getByLabelText('Left out'), 'node-exporter{Enter}');
    await waitFor(async () => expect((await stored()).protected).toContain('node-exporter'));
    await user.click(screen.getByRole('button', { name: 'Take watchtower off the list' }));
    await waitFor(async () => expect((await stored()).protected).toEqual(['portainer-agent', 'node-exporter']));
  });

  it('copies where the data lives', async () => {
    const { user, backend } = await open();
    await user.click(screen.getByRole('button', { name: 'Copy the path' }));
    expect(backend.copied).toEqual(['~/.local/share/roadstead/roadstead.db']);
  });
});
