import { screen, waitFor, within } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { describe, expect, it } from 'vitest';
import { fixtureBackend, type Scene } from '$lib/backend/fixture';
import { inWindow } from '../../../testing/inWindow';
import WelcomePage from './WelcomePage.svelte';

function open(scene: Scene) {
  const backend = fixtureBackend({ scene });
  inWindow(backend, WelcomePage, {});
  return { backend, user: userEvent.setup() };
}

/** The card of what was found under `name`. */
async function cardOf(name: string) {
  const heading = await screen.findByRole('heading', { name: new RegExp(name) });
  const card = heading.closest('article');
  if (!card) throw new Error(`${name} stands in no card`);
  return within(card);
}

describe('the welcome', () => {
  it('adds what was found with one click', async () => {
    const { user, backend } = open('first-run');
    const card = await cardOf('Docker on this machine');
    await user.click(card.getByRole('button', { name: 'Add' }));
    expect(await card.findByText('Added')).toBeTruthy();
    expect((await backend.call('list_hosts', null)).hosts.map((host) => host.address)).toEqual([
      'unix:///var/run/docker.sock',
    ]);
  });

  it('tests what was found in place', async () => {
    const { user } = open('first-run');
    const card = await cardOf('Docker context staging');
    await user.click(card.getByRole('button', { name: 'Test' }));
    expect(await card.findByText('Docker 28.2.2 answers')).toBeTruthy();
  });

  it('is no dead end when nothing is found', async () => {
    const { user } = open('nothing-found');
    expect(await screen.findByText('No engine found on this machine')).toBeTruthy();
    expect(screen.getByText(/add it as ssh:\/\/user@host/)).toBeTruthy();
    await user.click(screen.getByRole('button', { name: 'Add a host…' }));
    expect(await screen.findByRole('dialog', { name: 'Add a host' })).toBeTruthy();
  });

  it('says what could not be read', async () => {
    open('first-run');
    expect(await screen.findByText('1 Docker context could not be read')).toBeTruthy();
  });

  it('leads into the simulated fleet', async () => {
    const { user, backend } = open('nothing-found');
    await user.click(screen.getByRole('button', { name: 'Look around with a simulated fleet' }));
    await waitFor(async () => expect((await backend.call('app_state', null)).mode).toBe('demo'));
  });
});
