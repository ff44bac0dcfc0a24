import { screen, waitFor, within } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { describe, expect, it } from 'vitest';
import { fixtureBackend, type Scene } from '$lib/backend/fixture';
import { inWindow } from '../../../testing/inWindow';
import HostsPage from './HostsPage.svelte';

async function open(scene: Scene = 'full') {
  const backend = fixtureBackend({ scene });
  inWindow(backend, HostsPage, {});
  await screen.findByRole('heading', { name: 'Hosts' });
  const names = async () => (await backend.call('list_hosts', null)).hosts.map((host) => host.name);
  return { backend, names, user: userEvent.setup() };
}

async function choose(user: ReturnType<typeof userEvent.setup>, host: string, action: string) {
  await user.click(await screen.findByRole('button', { name: `Actions for ${host}` }));
  await user.click(await screen.findByRole('menuitem', { name: action }));
}

describe('the hosts page', () => {
  it('shows what needs a look first, by name of the fault', async () => {
    await open();
    await screen.findByRole('link', { name: 'halyard' });
    const rows = screen.getAllByRole('row');
    expect(rows[1]?.textContent).toContain('halyard');
    expect(rows[1]?.textContent).toContain('No answer in time');
    expect(rows.length, 'nine hosts and the headings').toBe(10);
  });

  it('says what to do when there is no host', async () => {
    await open('empty');
    expect(await screen.findByText('No hosts yet')).toBeTruthy();
  });

  it('removes a host, and brings it back with one click', async () => {
    const { user, names } = await open();
    await choose(user, 'capstan', 'Remove');
    await waitFor(async () => expect(await names()).not.toContain('capstan'));
    await user.click(await screen.findByRole('button', { name: 'Undo' }));
    await waitFor(async () => expect(await names()).toContain('capstan'));
  });

  it('pauses and resumes a host', async () => {
    const { user, backend } = await open();
    const stateOf = async (id: number) => (await backend.call('host', { host: id })).row.connection.state.state;
    await choose(user, 'capstan', 'Pause');
    await waitFor(async () => expect(await stateOf(2)).toBe('paused'));
    await choose(user, 'leeward', 'Resume');
    await waitFor(async () => expect(await stateOf(7)).toBe('connected'));
  });

  it('allows changes on a host from its menu, and marks it', async () => {
    const { user, backend } = await open();
    expect(await screen.findAllByRole('img', { name: 'Changes allowed' })).toHaveLength(2);
    await choose(user, 'capstan', 'Allow changes…');
    await user.click(await screen.findByRole('button', { name: 'Allow changes' }));
    await waitFor(async () => expect((await backend.call('host', { host: 2 })).row.writing).toBe(true));
    await waitFor(() => expect(screen.getAllByRole('img', { name: 'Changes allowed' })).toHaveLength(3));
    await choose(user, 'capstan', 'Stop allowing changes');
    await waitFor(async () => expect((await backend.call('host', { host: 2 })).row.writing).toBe(false));
  });

  it('adds a host after a test, and closes the form', async () => {
    const { user, names } = await open();
    await user.click(screen.getByRole('button', { name: 'Add host…' }));
    const dialog = await screen.findByRole('dialog');
    const form = within(dialog);
    await user.type(form.getByLabelText('Address'), 'ssh://ops@brig.example.net');
    await user.click(form.getByRole('button', { name: 'Test connection' }));
    expect(await form.findByText('Docker 28.2.2 answers')).toBeTruthy();
    expect((form.getByLabelText('Name') as HTMLInputElement).value, 'offered from the address').toBe('brig');
    await user.click(form.getByRole('button', { name: 'Add host' }));
    await waitFor(async () => expect(await names()).toContain('brig'));
    await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
  });

  it('names the cause of a failed test, and the command that helps', async () => {
    const { user, backend } = await open();
    await user.click(screen.getByRole('button', { name: 'Add host…' }));
    const form = within(await screen.findByRole('dialog'));
    await user.type(form.getByLabelText('Address'), 'unix:///run/locked.sock');
    await user.type(form.getByLabelText('Name'), 'here');
    await user.click(form.getByRole('button', { name: 'Test connection' }));
    expect(await form.findByText('No permission on the socket')).toBeTruthy();
    await user.click(form.getByRole('button', { name: 'Copy the command' }));
    expect(backend.copied).toEqual(['sudo usermod -aG docker "$USER"']);
  });

  it('does not connect in plain text without a word of the operator', async () => {
    const { user, names } = await open();
    await user.click(screen.getByRole('button', { name: 'Add host…' }));
    const form = within(await screen.findByRole('dialog'));
    await user.type(form.getByLabelText('Address'), 'tcp://brig.example.net:2375');
    await user.click(form.getByLabelText('Connect with certificates (TLS)'));
    await user.click(form.getByRole('button', { name: 'Add host' }));
    expect((await form.findByRole('alert')).textContent).toMatch(/accept the risk/);
    expect(await names()).not.toContain('brig');
    await user.click(form.getByLabelText('I understand and want to connect in plain text'));
    await user.click(form.getByRole('button', { name: 'Add host' }));
    await waitFor(async () => expect(await names()).toContain('brig'));
  });

  it('shows under its field what the engine refused', async () => {
    const { user } = await open();
    await user.click(screen.getByRole('button', { name: 'Add host…' }));
    const form = within(await screen.findByRole('dialog'));
    await user.type(form.getByLabelText('Address'), 'ssh://capstan');
    await user.tab();
    await user.click(form.getByRole('button', { name: 'Add host' }));
    expect(await form.findByText('Another host is already called “capstan”.')).toBeTruthy();
    expect(form.getByLabelText('Name').getAttribute('aria-invalid')).toBe('true');
  });

  it('imports what was chosen of what was found', async () => {
    const { user, names } = await open();
    await user.click(screen.getByRole('button', { name: 'Import…' }));
    const dialog = within(await screen.findByRole('dialog'));
    await user.click(await dialog.findByRole('checkbox', { name: /staging/ }));
    await user.click(dialog.getByRole('checkbox', { name: /edge/ }));
    await user.click(dialog.getByRole('button', { name: 'Add 2 hosts' }));
    await waitFor(async () => expect(await names()).toEqual(expect.arrayContaining(['edge', 'staging'])));
    expect(await names()).not.toContain('podman');
  });
});
