/** The ledger and its dialogs over the made-up fleet. */
import { render, screen, waitFor, within } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import axe from 'axe-core';
import type { Component } from 'svelte';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { CommandFailed } from '$lib/backend/backend';
import { fixtureBackend } from '$lib/backend/fixture';
import type { DeployRow, DeployState } from '$lib/bindings';
import { openAt } from '../../testing/address.svelte';
import Keyed from '../../testing/Keyed.svelte';
import InWindow from '../../testing/InWindow.svelte';
import DeploysPanel from './DeploysPanel.svelte';

vi.mock('$app/navigation', () => ({ goto: vi.fn() }));
vi.mock('$app/state', async () => ({ page: (await import('../../testing/address.svelte')).address }));

beforeEach(() => openAt('/'));

const panel = DeploysPanel as unknown as Component<Record<string, unknown>>;
const keyed = Keyed as unknown as Component<Record<string, unknown>>;

async function open(app: string, { deployMs = 400, keys = false } = {}) {
  const backend = fixtureBackend({ deployMs });
  const { row, deployments } = await backend.call('app', { app, period: 'week' });
  const given = {
    app,
    displayName: row.display_name,
    hosts: deployments.map(({ host, host_name }) => ({ id: host, name: host_name })).sort((a, b) => a.id - b.id),
  };
  const shown = keys ? { shown: keyed, given: { shown: panel, given } } : { shown: panel, given };
  const { container } = render(InWindow, { backend, ...shown });
  const user = userEvent.setup();
  await screen.findAllByRole('button', { name: /^Details of deploy/ });
  const find = async (wanted: (own: DeployRow) => boolean, state: DeployState | null = null) => {
    const page = await backend.call('list_deploys', { app, host: null, state, before: null, limit: 200 });
    const found = page.rows.find(wanted);
    if (!found) throw new Error('no such deploy');
    return found;
  };
  const rowOf = (id: number) => {
    const element = document.getElementById(`deploy-${id}`);
    if (!element) throw new Error(`no row of deploy ${id}`);
    return within(element);
  };
  return { backend, container, user, find, rowOf };
}

const dialog = async () => within(await screen.findByRole('dialog'));

describe('the ledger', () => {
  it('shows the newest first, what changed, how it ended, and what runs now', async () => {
    const { find, rowOf } = await open('nextcloud');
    const rows = screen.getAllByRole('row').slice(1);
    expect(rows[0]?.id).toBe(`deploy-${(await find(() => true)).id}`);
    const back = rowOf((await find((row) => row.kind === 'rollback')).id);
    expect(back.getByText(/^Rollback to number \d+$/)).toBeTruthy();
    expect(back.getByText(/image 30\.0\.6-apache → 30\.0\.5-apache/)).toBeTruthy();
    expect(rowOf((await find((row) => row.is_current && row.host === 1)).id).getByText('Runs now')).toBeTruthy();
  });

  it('says of a failed deploy why, in redacted words, and what to try', async () => {
    const { user, find, rowOf } = await open('nextcloud');
    const failed = await find((row) => row.fault?.cause === 'pull_denied', 'failed').catch(() =>
      find((row) => row.fault?.cause === 'unhealthy', 'failed'),
    );
    const row = rowOf(failed.id);
    expect(row.getByText('Failed')).toBeTruthy();
    expect(row.queryByRole('button', { name: 'Roll back to this' })).toBeNull();
    await user.click(row.getByRole('button', { name: `Details of deploy ${failed.id}` }));
    expect(await screen.findByText(failed.fault?.detail ?? '')).toBeTruthy();
    expect(screen.getByText(/^Its health check kept failing|^Check the name of the image/)).toBeTruthy();
  });

  it('says that a repair is still to be done', async () => {
    await open('nextcloud');
    expect(screen.getAllByText(/could not be put back yet/).length).toBeGreaterThan(0);
  });

  it('says unasked why a repair waits, and what to do about it', async () => {
    const { find } = await open('nextcloud');
    const waits = await find((row) => row.repair_waits && row.fault !== null);
    const detail = waits.fault?.detail ?? '';
    expect(detail).not.toBe('');
    expect(screen.getAllByText(detail).length).toBeGreaterThan(0);
    expect(screen.getAllByText(/^See on its page what is wrong/).length).toBeGreaterThan(0);
  });

  it('says why there is no way back, and offers the digest', async () => {
    const { user, backend, find, rowOf } = await open('gitea');
    const gone = await find((row) => row.no_way_back?.kind === 'image_gone');
    const button = rowOf(gone.id).getByRole('button', { name: 'Roll back to this' }) as HTMLButtonElement;
    expect(button.disabled).toBe(true);
    expect(button.title).toContain('is gone from the host');
    await user.click(rowOf(gone.id).getByRole('button', { name: 'Copy the digest of gitea' }));
    await waitFor(() => expect(backend.copied).toEqual([gone.services[0]?.digest]));
  });

  it('filters by outcome and by host, and says so when nothing is left', async () => {
    const { user } = await open('gitea');
    await user.selectOptions(screen.getByRole('combobox', { name: 'Outcome' }), 'Failed');
    await waitFor(() => expect(within(screen.getByRole('table')).queryByText('Done')).toBeNull());
    await user.selectOptions(screen.getByRole('combobox', { name: 'Host' }), 'capstan');
    await waitFor(() => expect(screen.queryByRole('link', { name: 'fairlead' })).toBeNull());
    await user.selectOptions(screen.getByRole('combobox', { name: 'Outcome' }), 'Interrupted');
    expect(await screen.findByText('No deploy matches')).toBeTruthy();
    await user.click(screen.getByRole('button', { name: 'Show all' }));
    await waitFor(() => expect(within(screen.getByRole('table')).queryAllByText('Done')).not.toEqual([]));
  });

  it('is paged, and exported whole', async () => {
    const { user, backend } = await open('vaultwarden');
    const total = (
      await backend.call('list_deploys', { app: 'vaultwarden', host: null, state: null, before: null, limit: 1 })
    ).total;
    expect(total, 'more than a page').toBeGreaterThan(50);
    await user.click(screen.getByRole('button', { name: 'Older' }));
    expect(await screen.findByText(`51–${total} of ${total}`)).toBeTruthy();
    await user.click(screen.getByRole('button', { name: 'Newer' }));
    expect(await screen.findByText(`1–50 of ${total}`)).toBeTruthy();
    await user.click(screen.getByRole('button', { name: 'Table actions' }));
    await user.click(await screen.findByRole('menuitem', { name: 'Export CSV…' }));
    await waitFor(() => expect(backend.saved).toHaveLength(1));
    expect(new TextDecoder().decode(backend.saved[0]?.contents).trim().split('\r\n')).toHaveLength(total + 1);
  });

  it('is walked and opened by keys', async () => {
    const { user } = await open('wiki', { keys: true });
    await user.keyboard('j');
    await waitFor(() => expect(document.activeElement?.id).toMatch(/^deploy-/));
    const first = document.activeElement?.id;
    await user.keyboard('j');
    await waitFor(() => expect(document.activeElement?.id).not.toBe(first));
    expect(screen.queryByText('What it ran')).toBeNull();
    await user.keyboard('{Enter}');
    expect(await screen.findByText('What it ran')).toBeTruthy();
    await user.keyboard('{Enter}');
    await waitFor(() => expect(screen.queryByText('What it ran')).toBeNull());
  });

  it('opens the row an address points to, on whatever page it is', async () => {
    const { backend, container, user } = await open('vaultwarden');
    const all = await backend.call('list_deploys', {
      app: 'vaultwarden',
      host: null,
      state: null,
      before: null,
      limit: 200,
    });
    const last = all.rows.at(-1)?.id ?? 0;
    expect(document.getElementById(`deploy-${last}`)).toBeNull();
    openAt(`/apps/vaultwarden#deploy-${last}`);
    await waitFor(() => expect(document.activeElement?.id).toBe(`deploy-${last}`));
    expect(await screen.findByText('No way back to this one')).toBeTruthy();
    // A mark of a chart is pressed a second time: the address stays the same.
    await user.click(screen.getByRole('button', { name: `Details of deploy ${last}` }));
    await waitFor(() => expect(screen.queryByText('No way back to this one')).toBeNull());
    const mark = document.createElement('a');
    mark.href = `#deploy-${last}`;
    container.append(mark);
    await user.click(mark);
    expect(await screen.findByText('No way back to this one')).toBeTruthy();
  });

  it('tells before and after, and plainly when there is too little data', async () => {
    const { user, find, rowOf } = await open('wiki');
    const young = await find((row) => row.kind === 'update');
    await user.click(rowOf(young.id).getByRole('button', { name: `Details of deploy ${young.id}` }));
    expect(await screen.findByText(/^Not enough data yet: .* are needed on each side/)).toBeTruthy();
  });

  it('says by word which figures got worse', async () => {
    const { user, find, rowOf } = await open('telemetry-gateway');
    const worse = await find((row) => row.is_current);
    await user.click(rowOf(worse.id).getByRole('button', { name: `Actions for deploy ${worse.id}` }));
    await user.click(await screen.findByRole('menuitem', { name: 'Before and after' }));
    const table = within(await screen.findByRole('table', { name: 'Before and after' }));
    const memory = within(table.getByRole('row', { name: /^Memory, average/ }));
    expect(memory.getByText(/^Worse/)).toBeTruthy();
    expect(memory.getByText(/^\+\d+ MiB \(\+\d+%\)$/)).toBeTruthy();
    expect(screen.getByText(/^Before: .*/)).toBeTruthy();
  });
});

describe('a rollback', () => {
  it('takes two clicks, names what it does, says that data stays, and tells how it ended', async () => {
    const { backend, user, find, rowOf } = await open('nextcloud');
    const target = await find((row) => row.kind === 'rollback' && row.host === 1);
    await user.click(rowOf(target.id).getByRole('button', { name: 'Roll back to this' }));
    const asked = await dialog();
    expect(
      await asked.findByText(
        /^nextcloud-app-1 will be stopped and recreated with nextcloud:30\.0\.5-apache \(\w{12}\) on host breakwater\.$/,
      ),
    ).toBeTruthy();
    expect(asked.getByText('On host breakwater. Data is not rolled back.')).toBeTruthy();
    expect(asked.getByRole('heading', { name: 'Data is not rolled back' })).toBeTruthy();
    expect(asked.getByText('nextcloud_data')).toBeTruthy();
    expect(asked.getByText('No settings have changed since then.')).toBeTruthy();
    await user.click(asked.getByRole('button', { name: 'Roll back now' }));
    expect(await screen.findByText('Nextcloud was rolled back on breakwater.')).toBeTruthy();
    const now = await find((row) => row.is_current && row.host === 1);
    expect(now.rollback_of).toBe(target.id);
    expect(now.services).toEqual(target.services);
    expect(await backend.call('deploy_effect', { deploy: now.id })).toMatchObject({ withheld: { kind: 'too_young' } });
  });

  it('names the settings that stay as they are now', async () => {
    const { user, find, rowOf } = await open('nextcloud');
    const target = await find(
      (row) => row.host === 4 && row.kind === 'update' && !row.is_current && row.state === 'success',
    );
    await user.click(rowOf(target.id).getByRole('button', { name: 'Roll back to this' }));
    const asked = await dialog();
    expect(await asked.findByText('These changed since then and stay as they are now:')).toBeTruthy();
    expect(asked.getByText('app: memory limit 512 MiB → 1 GiB')).toBeTruthy();
    expect(asked.getByText('app: 1 variable added: TZ, 1 variable changed: LOG_LEVEL')).toBeTruthy();
  });

  it('asks for leave where changes are off, says what that means, and then goes on', async () => {
    const { backend, user, find, rowOf } = await open('gitea');
    const target = await find((row) => row.host === 2 && row.no_way_back === null);
    await user.click(rowOf(target.id).getByRole('button', { name: 'Roll back to this' }));
    const asked = await dialog();
    expect(await asked.findByText('Changes on capstan are not allowed yet')).toBeTruthy();
    expect(asked.getByText('removes a volume or changes the data in it')).toBeTruthy();
    const confirm = asked.getByRole('button', { name: 'Roll back now' }) as HTMLButtonElement;
    expect(confirm.disabled).toBe(true);
    expect((await backend.call('host', { host: 2 })).row.writing).toBe(false);
    await user.click(asked.getByRole('button', { name: 'Allow changes on capstan' }));
    await waitFor(() => expect(confirm.disabled).toBe(false));
    await user.click(confirm);
    expect(await screen.findByText('Gitea was rolled back on capstan.')).toBeTruthy();
  });

  it('that is refused says the words of the error, and nothing was started', async () => {
    const { backend, user, find, rowOf } = await open('nextcloud');
    const target = await find((row) => row.kind === 'rollback' && row.host === 1);
    await user.click(rowOf(target.id).getByRole('button', { name: 'Roll back to this' }));
    const asked = await dialog();
    const confirm = (await asked.findByRole('button', { name: 'Roll back now' })) as HTMLButtonElement;
    await waitFor(() => expect(confirm.disabled).toBe(false));
    const call = backend.call.bind(backend);
    vi.spyOn(backend, 'call').mockImplementation(async (name, request) => {
      if (name !== 'start_deploy') return call(name, request);
      const params = { deploy: '77' };
      throw new CommandFailed({ code: 'invalid', key: 'error.deploy.busy', params, field: null, message: '' });
    });
    await user.click(confirm);
    expect((await asked.findByRole('alert')).textContent).toContain('is under way (number 77)');
    expect((await find(() => true)).state).not.toBe('running');
  });
});

describe('an update', () => {
  async function ask(app: string, options = {}) {
    const opened = await open(app, options);
    await opened.user.click(screen.getByRole('button', { name: 'Update…' }));
    return { ...opened, asked: await dialog() };
  }

  it('pulls again or takes another tag, and is confirmed before anything is touched', async () => {
    const { backend, user, asked, find } = await ask('grafana');
    const field = await asked.findByLabelText('grafana');
    expect((field as HTMLInputElement).value).toBe('grafana/grafana:11.5.2');
    await user.clear(field);
    await user.type(field, 'grafana/grafana:11.5.3');
    expect(asked.getByText(/^Runs now: grafana\/grafana:11\.5\.2, \w{12}\.$/)).toBeTruthy();
    await user.click(asked.getByRole('button', { name: 'Continue' }));
    expect(
      await asked.findByText('grafana will be stopped and recreated with grafana/grafana:11.5.3 on host breakwater.'),
    ).toBeTruthy();
    expect(asked.getByText(/It has no volumes/)).toBeTruthy();
    expect(
      (await backend.call('list_deploys', { app: 'grafana', host: 1, state: 'running', before: null, limit: 5 })).total,
    ).toBe(0);
    await user.click(asked.getByRole('button', { name: 'Update now' }));
    expect(await screen.findByText('Grafana was updated on breakwater.')).toBeTruthy();
    expect((await find((row) => row.is_current && row.host === 1)).services[0]?.image).toBe('grafana/grafana:11.5.3');
  });

  it('says under its field what is no image', async () => {
    const { user, asked } = await ask('grafana');
    const field = await asked.findByLabelText('grafana');
    await user.clear(field);
    expect(await asked.findByText('Type the name of an image.')).toBeTruthy();
    await user.type(field, 'not an image');
    await user.click(asked.getByRole('button', { name: 'Continue' }));
    await waitFor(() => expect(field.getAttribute('aria-invalid')).toBe('true'));
    expect(asked.getByText(/^“not an image” is not the name of an image/)).toBeTruthy();
    await user.type(field, '{Backspace}');
    await waitFor(() => expect(field.getAttribute('aria-invalid')).toBeNull());
  });

  it('asks for no permission while something else stands in the way', async () => {
    const { user, asked } = await ask('nextcloud');
    await user.selectOptions(await asked.findByRole('combobox', { name: 'Host' }), 'mooring');
    expect(await asked.findByText(/^Podman .* is not known to do all/)).toBeTruthy();
    expect(asked.queryByRole('button', { name: 'Allow changes on mooring' })).toBeNull();
  });

  it('is refused while another is under way, with the way to it', async () => {
    const { user, asked, find } = await ask('gitea');
    const running = await find((row) => row.state === 'running');
    expect(await asked.findByText(new RegExp(`is under way \\(number ${running.id}\\)`))).toBeTruthy();
    expect((asked.getByRole('button', { name: 'Continue' }) as HTMLButtonElement).disabled).toBe(true);
    await user.click(asked.getByRole('button', { name: 'Show it' }));
    await waitFor(() => expect(document.activeElement?.id).toBe(`deploy-${running.id}`));
  });

  it('goes on when its dialog is closed, and a message tells how it failed and where', async () => {
    const { user, asked, find } = await ask('grafana', { deployMs: 900 });
    const field = await asked.findByLabelText('grafana');
    await user.type(field, '-broken');
    await user.click(asked.getByRole('button', { name: 'Continue' }));
    await user.click(await asked.findByRole('button', { name: 'Update now' }));
    await asked.findByText('You can close this; a message tells how it ends.');
    await user.click(asked.getAllByRole('button', { name: 'Close' })[0] as HTMLElement);
    await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
    const told = await screen.findByText(
      'Grafana on breakwater: The new container did not become healthy. What ran before runs again.',
    );
    const failed = await find((row) => row.state === 'failed' && row.services[0]?.image.endsWith('-broken') === true);
    const toast = told.closest('.toast') as HTMLElement;
    await user.click(within(toast).getByRole('button', { name: 'Show' }));
    await waitFor(() => expect(document.activeElement?.id).toBe(`deploy-${failed.id}`));
    expect(await screen.findByText('health check: exit code 1 after 3 attempts')).toBeTruthy();
  });
});

describe('a deploy under way', () => {
  it('shows its step and how far the images are, and can be cancelled while that leaves no trace', async () => {
    const { user, find } = await open('gitea');
    expect(screen.getByText('Pulling the images (gitea)')).toBeTruthy();
    expect(screen.getByRole('progressbar').getAttribute('aria-valuetext')).toMatch(/MiB of 148 MiB$/);
    await user.click(screen.getByRole('button', { name: 'Cancel' }));
    expect(await screen.findByText('The deploy was cancelled. Nothing was changed.')).toBeTruthy();
    await waitFor(() => expect(screen.getAllByText('You cancelled it').length).toBeGreaterThan(0));
    expect((await find((row) => row.fault?.cause === 'cancelled')).state).toBe('failed');
  });
});

describe('everyone', () => {
  const check = async (element: Element) => {
    const found = await axe.run(element, {
      runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'],
      // Needs a real layout; the colours are measured in styles/tokens.test.ts.
      rules: { 'color-contrast': { enabled: false } },
    });
    expect(found.violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`)).toEqual([]);
  };

  it('can use the ledger with a row open, and its dialogs', async () => {
    const { container, user, find, rowOf } = await open('telemetry-gateway');
    const current = await find((row) => row.is_current);
    await user.click(rowOf(current.id).getByRole('button', { name: `Details of deploy ${current.id}` }));
    await screen.findByRole('table', { name: 'Before and after' });
    await check(container);
    const back = await find((row) => row.host === 2 && row.no_way_back === null);
    await user.click(rowOf(back.id).getByRole('button', { name: 'Roll back to this' }));
    const asked = await screen.findByRole('dialog');
    await within(asked).findByText('Changes on capstan are not allowed yet');
    await check(asked);
  });

  it('can use the dialog of an update', async () => {
    const { user } = await open('nextcloud');
    await user.click(screen.getByRole('button', { name: 'Update…' }));
    const asked = await screen.findByRole('dialog');
    await within(asked).findByLabelText('app');
    await check(asked);
  });
});
