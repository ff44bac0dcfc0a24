/** The pages of this half of the window over the made-up fleet: what they say, what they do, and that anyone can use them. */
import { render, screen, waitFor, within } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import axe from 'axe-core';
import type { Component } from 'svelte';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { fixtureBackend, type Scene } from '$lib/backend/fixture';
import { locale } from '$lib/i18n/i18n.svelte';
import { drawn } from '../../testing/chart';
import InWindow from '../../testing/InWindow.svelte';
import AppPage from './app/AppPage.svelte';
import AppsPage from './apps/AppsPage.svelte';
import OverviewPage from './overview/OverviewPage.svelte';

vi.mock('$lib/chart/echarts', async () => (await import('../../testing/chart')).chartStandIn());
vi.mock('$app/navigation', () => ({ goto: vi.fn() }));

beforeEach(() => {
  drawn.options.length = 0;
});

function open(shown: Component<Record<string, unknown>>, given: Record<string, unknown> = {}, scene: Scene = 'full') {
  const backend = fixtureBackend({ scene });
  const { container } = render(InWindow, { backend, shown, given });
  return { backend, container, user: userEvent.setup() };
}

const overview = OverviewPage as unknown as Component<Record<string, unknown>>;
const apps = AppsPage as unknown as Component<Record<string, unknown>>;
const app = AppPage as unknown as Component<Record<string, unknown>>;

describe('the overview', () => {
  it('says first what needs attention, with its numbers', async () => {
    open(overview);
    const trouble = await screen.findByRole('region', { name: 'Needs attention' });
    const items = await within(trouble).findAllByRole('link');
    expect(items[0]?.textContent).toContain('halyard');
    expect(items[0]?.textContent).toContain('No answer in time');
    expect(trouble.textContent).toContain('Killed for memory 3 times');
    expect(trouble.textContent).toContain('1.07 GiB of 1 GiB');
  });

  it('tells hosts by state, and memory only of those that were read', async () => {
    open(overview);
    expect(await screen.findByText('3 hosts out of sight')).toBeTruthy();
    expect(screen.getByTitle('Unreachable').textContent).toContain('2');
    expect(screen.getAllByText('Not measured').length).toBe(3);
  });

  it('counts hosts by the rules of the language', async () => {
    locale.speak('ru');
    open(overview);
    expect((await screen.findByTitle('Подключён')).textContent).toContain('6 подключены');
    expect(screen.getByTitle('Приостановлен').textContent).toContain('1 приостановлен');
  });

  it('counts issues, and leads to those that are new and those that came back', async () => {
    open(overview);
    const tile = (await screen.findByRole('link', { name: /^Open issues: \d+$/ })).closest('.tile') as HTMLElement;
    expect(within(tile).getByRole('link', { name: '2 returned' }).getAttribute('href')).toBe('/issues?state=regressed');
    expect(within(tile).getByRole('link', { name: '6 new' }).getAttribute('href')).toBe('/issues?state=new');
    const top = screen.getByRole('region', { name: 'Issues worth a look first' });
    expect(within(top).getAllByRole('listitem')[0]?.textContent).toContain('Returned');
    const trouble = screen.getByRole('region', { name: 'Needs attention' });
    const returned = within(trouble).getByRole('link', { name: /A resolved issue came back/ });
    expect(returned.getAttribute('href')).toBe('/issues?state=regressed&app=nextcloud&host=2');
  });

  it('says that no log was read, and counts no zero', async () => {
    open(overview, {}, 'unread');
    const tile = (await screen.findByText('Open issues')).closest('.tile');
    await waitFor(() => expect(tile?.textContent).toContain('Logs are not read yet'));
    expect(tile?.textContent).not.toContain('0');
  });

  it('tells what changed in words', async () => {
    open(overview);
    const changes = await screen.findByRole('region', { name: 'What changed last' });
    await waitFor(() => expect(changes.textContent).toContain('image v1.130.0 → v1.131.3'));
    expect(changes.textContent).toContain('limit 3 GiB → 4 GiB');
    expect(changes.textContent).toContain('stopped with exit code 137');
  });

  it('says what to do when there is no host', async () => {
    open(overview, {}, 'empty');
    expect((await screen.findByRole('link', { name: 'Add a host' })).getAttribute('href')).toBe('/hosts');
  });
});

describe('the page of all apps', () => {
  it('has the three numbers of the fleet', async () => {
    open(apps);
    await screen.findByRole('link', { name: 'Nextcloud' });
    expect(screen.getByText('Active deployments').parentElement?.textContent).toContain('37');
    expect(screen.getByText('Apps with errors, 24h').parentElement?.textContent).toMatch(/\d+\s*$/);
  });

  it('says so when no log was read', async () => {
    open(apps, {}, 'unread');
    await screen.findByRole('link', { name: 'Nextcloud' });
    expect(screen.getByText('Apps with errors, 24h').parentElement?.textContent).toContain('Logs are not read yet');
  });

  it('leads from errors and warnings of the last day to their issues', async () => {
    open(apps);
    const row = (await screen.findByRole('link', { name: 'Immich' })).closest('tr') as HTMLElement;
    const links = within(row)
      .getAllByRole('link')
      .map((link) => link.getAttribute('href'));
    expect(links).toEqual(['/apps/immich', '/issues?app=immich&severity=error', '/issues?app=immich&severity=warning']);
  });

  it('shows each app with its span of sizes, its fit in words, and active beside seen', async () => {
    open(apps);
    const row = (await screen.findByRole('link', { name: 'Nextcloud' })).closest('tr') as HTMLElement;
    expect(row.textContent).toMatch(/4\s\/\s7/);
    expect(row.textContent).toContain('Over');
    expect(row.textContent).toContain('under-estimated ×1.9');
    expect(within(row).getByRole('img', { name: 'Memory trend of Nextcloud' })).toBeTruthy();
    expect(within(row).getAllByRole('link')[0]?.getAttribute('href')).toBe('/apps/nextcloud');
  });

  it('shows a dash and no zero where nothing is known', async () => {
    open(apps);
    const row = (await screen.findByRole('link', { name: 'Jellyfin' })).closest('tr') as HTMLElement;
    expect(within(row).getAllByTitle('Logs are not read yet')).toHaveLength(2);
    expect(within(row).getByTitle('Unlimited').textContent).toBe('–');
    expect(within(row).getByText('Unknown')).toBeTruthy();
  });

  it('keeps the rows and says so when asking again fails', async () => {
    const { backend } = open(apps);
    await screen.findByRole('link', { name: 'Nextcloud' });
    vi.spyOn(backend, 'call').mockRejectedValue(new Error('the engine is busy'));
    backend.emit({ type: 'changed', tags: ['apps'] });
    const alert = await screen.findByRole('alert');
    expect(alert.textContent).toContain('the engine is busy');
    expect(alert.textContent).toContain('The last answer is still shown.');
    expect(screen.getByRole('link', { name: 'Nextcloud' })).toBeTruthy();
  });

  it('says what failed and what to try when there is nothing else to show', async () => {
    open(apps, {}, 'error');
    const alert = await screen.findByRole('alert');
    expect(alert.textContent).toContain('the database did not answer within 5 s');
    expect(within(alert).getByRole('button', { name: 'Try again' })).toBeTruthy();
  });

  it('speaks Hungarian with the seed’s words', async () => {
    locale.speak('hu');
    open(apps);
    expect(await screen.findByRole('heading', { name: 'Alkalmazások', level: 1 })).toBeTruthy();
    for (const name of ['Alkalmazás', 'Hibák (24ó)', 'Figyelmeztetések (24ó)']) {
      expect(screen.getByRole('columnheader', { name })).toBeTruthy();
    }
  });
});

describe('the page of an app', () => {
  it('suggests a limit with its reason, its basis and lines to paste', async () => {
    const { backend, user } = open(app, { name: 'nextcloud' });
    const card = await screen.findByRole('region', { name: 'Suggested limit' });
    await waitFor(() => expect(card.textContent).toContain('rounded up to the next 32 MiB'));
    expect(card.textContent).toContain('P95 of the worst deployment (1.43 GiB on gangway)');
    expect(card.textContent).toMatch(/From \d+ reports/);
    await user.click(within(card).getByRole('button', { name: 'Copy the compose lines' }));
    expect(backend.copied[0]).toMatch(/memory: \d+M$/);
  });

  it('suggests nothing before enough is known', async () => {
    open(app, { name: 'wiki' });
    expect(await screen.findByText('Not enough reports yet')).toBeTruthy();
    expect(screen.queryByRole('button', { name: 'Copy the compose lines' })).toBeNull();
  });

  it('lists its hosts, the worst first', async () => {
    open(app, { name: 'nextcloud' });
    const table = await screen.findByRole('table', { name: 'By host' });
    await waitFor(() => expect(within(table).getAllByRole('row').length).toBe(8));
    const text = within(table)
      .getAllByRole('row')
      .slice(1)
      .map((row) => row.textContent ?? '');
    expect(text[0]).toContain('gangway');
    expect(text[0]).toContain('Over');
    expect(text.at(-1)).not.toContain('Over');
  });

  it('lists its most common open issues, and leads to all of them', async () => {
    open(app, { name: 'nextcloud' });
    const table = await screen.findByRole('table', { name: 'Most common open issues' });
    await waitFor(() => expect(within(table).getAllByRole('row').length).toBe(4));
    expect(within(table).getAllByRole('row')[1]?.textContent).toContain('1,482');
    expect(screen.getByRole('link', { name: 'All issues of this app' }).getAttribute('href')).toBe(
      '/issues?app=nextcloud',
    );
  });

  it('says why the log of a container was not read', async () => {
    const { user } = open(app, { name: 'grafana' });
    await user.click(await screen.findByRole('button', { name: 'The log of grafana: Unreadable' }));
    const told = await screen.findByRole('dialog');
    expect(told.textContent).toContain('The engine answered with an error');
    expect(told.textContent).toContain('configured logging driver does not support reading');
  });

  it('does not say that nothing is wrong where nothing is read', async () => {
    open(app, { name: 'jellyfin' });
    expect(await screen.findByText('Its logs are not read')).toBeTruthy();
  });

  it('tells hosts apart in the chart, at most eight', async () => {
    const { user } = open(app, { name: 'vaultwarden' });
    await waitFor(() => expect(drawn.options.at(-1)?.series.map(({ name }) => name)).toContain('Mean per host'));
    const chart = within(screen.getByRole('region', { name: 'Memory and CPU' }));
    await user.click(await chart.findByRole('button', { name: 'Hosts' }));
    for (const item of (await screen.findAllByRole('menuitemcheckbox')).slice(0, 8)) await user.click(item);
    const left = screen
      .getAllByRole('menuitemcheckbox')
      .filter((item) => item.getAttribute('aria-checked') === 'false');
    expect(left).toHaveLength(1);
    expect(left[0]?.getAttribute('aria-disabled')).toBe('true');
    await waitFor(() =>
      expect(drawn.options.at(-1)?.series.filter(({ name }) => name.endsWith('Average'))).toHaveLength(8),
    );
  });

  it('shows single ticks when a short span is looked at, and the whole period again', async () => {
    const { user, backend } = open(app, { name: 'nextcloud' });
    await waitFor(() => expect(drawn.options.length).toBeGreaterThan(0));
    const { now_ms } = await backend.call('overview', null);
    drawn.zoom(now_ms - 3 * 3_600_000, now_ms - 3_600_000);
    expect(await screen.findByText(/^Sum of all hosts, not their mean/)).toBeTruthy();
    expect(drawn.options.at(-1)?.series[0]?.name).toBe('Sum of all hosts');
    await user.click(screen.getByRole('button', { name: 'Whole period' }));
    expect(await screen.findByText(/^Mean of the hosts, not their sum/)).toBeTruthy();
    expect(drawn.options.at(-1)?.series[0]?.name).toBe('Mean per host');
  });

  it('says nothing of the steps of a chart that has none yet', async () => {
    const backend = fixtureBackend();
    const call = backend.call.bind(backend);
    vi.spyOn(backend, 'call').mockImplementation(async (name, request) => {
      const answer = await call(name, request);
      return (name === 'app_history' ? { ...answer, bucket_ms: 0, times_ms: [], lines: [] } : answer) as typeof answer;
    });
    render(InWindow, { backend, shown: app, given: { name: 'nextcloud' } });
    expect(await screen.findByText('Nothing measured in this span')).toBeTruthy();
    const chart = screen.getByRole('region', { name: 'Memory and CPU' });
    expect(chart.textContent).not.toContain('0 s');
    expect(within(chart).queryByText('Peak')).toBeNull();
    expect(within(chart).queryByRole('button', { name: 'Export PNG…' })).toBeNull();
  });

  it('saves the chart as a picture', async () => {
    const { user, backend } = open(app, { name: 'nextcloud' });
    await waitFor(() => expect(drawn.options.length).toBeGreaterThan(0));
    await user.click(screen.getByRole('button', { name: 'Export PNG…' }));
    await waitFor(() => expect(backend.saved[0]?.suggestedName).toBe('roadstead-nextcloud.png'));
    expect(new TextDecoder().decode(backend.saved[0]?.contents)).toBe('PNG');
  });

  it('takes sizes the user knows better, and shows under its field what the engine refuses', async () => {
    const { user } = open(app, { name: 'jellyfin' });
    await user.click(await screen.findByRole('button', { name: 'Edit sizes…' }));
    const dialog = within(await screen.findByRole('dialog'));
    const limit = dialog.getByLabelText('Memory limit, per deployment');
    await user.type(limit, 'plenty');
    await user.click(dialog.getByRole('button', { name: 'Save' }));
    await waitFor(() => expect(limit.getAttribute('aria-invalid')).toBe('true'));
    const told = document.getElementById(limit.getAttribute('aria-describedby') ?? '');
    expect(told?.textContent).toContain('plenty');
    await user.clear(limit);
    await user.type(limit, '3G');
    await user.click(dialog.getByRole('button', { name: 'Save' }));
    expect(await screen.findByText('Sizes saved')).toBeTruthy();
    expect(screen.getByText('typed by you')).toBeTruthy();
  });

  it('says so when there is no such app', async () => {
    open(app, { name: 'ghost' });
    expect(await screen.findByText('There is no app called “ghost”')).toBeTruthy();
    expect(screen.getByRole('link', { name: 'Show all apps' }).getAttribute('href')).toBe('/apps');
  });
});

describe('everyone', () => {
  const pages: Array<[string, Component<Record<string, unknown>>, Record<string, unknown>, string]> = [
    ['the overview', overview, {}, 'mooring'],
    ['the page of all apps', apps, {}, 'Nextcloud'],
    ['the page of an app', app, { name: 'nextcloud' }, 'nextcloud-app-1'],
  ];

  it.each(pages)('can use %s: no rule of WCAG A and AA is broken', async (_, shown, given, sign) => {
    const { container } = open(shown, given);
    await screen.findAllByText(sign);
    const found = await axe.run(container, {
      runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'],
      // Needs a real layout; the colours are measured in styles/tokens.test.ts.
      rules: { 'color-contrast': { enabled: false } },
    });
    expect(found.violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`)).toEqual([]);
    expect(found.passes.length, 'rules that were tried').toBeGreaterThan(8);
  });
});
