/** The pages of issues over the made-up fleet. */
import { render, screen, waitFor, within } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import axe from 'axe-core';
import type { Component } from 'svelte';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { fixtureBackend, type Scene } from '$lib/backend/fixture';
import { locale } from '$lib/i18n/i18n.svelte';
import { address, openAt, visited } from '../../../testing/address.svelte';
import { drawn } from '../../../testing/chart';
import InWindow from '../../../testing/InWindow.svelte';
import Keyed from '../../../testing/Keyed.svelte';
import IssuePage from './IssuePage.svelte';
import IssuesPage from './IssuesPage.svelte';

vi.mock('$lib/chart/echarts', async () => (await import('../../../testing/chart')).chartStandIn());
vi.mock('$app/state', async () => ({ page: (await import('../../../testing/address.svelte')).address }));
vi.mock('$app/navigation', async () => ({
  goto: (await import('../../../testing/address.svelte')).gotoStandIn,
  afterNavigate: vi.fn(),
}));

vi.setConfig({ testTimeout: 30_000 });

beforeEach(() => openAt('/issues'));

type Page = Component<Record<string, unknown>>;

function draw(shown: Page, given: Record<string, unknown>, scene: Scene) {
  const backend = fixtureBackend({ scene });
  const asked = vi.spyOn(backend, 'call');
  const { container } = render(InWindow, { backend, shown: Keyed as unknown as Page, given: { shown, given } });
  return { backend, asked, container, user: userEvent.setup() };
}

async function openList(path = '/issues', scene: Scene = 'full') {
  openAt(path);
  const opened = draw(IssuesPage as unknown as Page, {}, scene);
  await screen.findByRole('heading', { level: 1 });
  const rows = () => screen.getAllByRole('row').slice(1);
  const listed = () => opened.asked.mock.calls.filter(([name]) => name === 'list_issues').at(-1)?.[1];
  const named = async (text: string) => (await screen.findByText(text, { exact: false })).closest('tr') as HTMLElement;
  return { ...opened, rows, listed, named };
}

const panic = 'panic: runtime error';

describe('the page of all issues', () => {
  it('shows what is open, the newest first, each with severity, marks and spread in words', async () => {
    const { rows, named } = await openList();
    const row = await named(panic);
    expect(row.textContent).toContain('Error');
    expect(row.textContent).toContain('New');
    expect(within(row).getByTitle('2 hosts, 2 containers')).toBeTruthy();
    expect(within(row).getByRole('img', { name: '314 events in 2 d' })).toBeTruthy();
    expect((await named('1205 Lock wait')).textContent).toContain('Returned');
    expect(rows()[0]?.textContent).toContain('push failed');
    expect(screen.queryByText('Slow SQL Query', { exact: false })).toBeNull();
  });

  it('asks as the address says, and writes what is chosen into it', async () => {
    const { user, listed, named } = await openList('/issues?state=resolved&app=immich&sort=count&order=asc');
    await named('duplicate key value');
    expect(listed()).toMatchObject({ filter: 'resolved', app: 'immich', sort: 'count', descending: false, offset: 0 });
    await user.click(screen.getByRole('button', { name: /^All/ }));
    await waitFor(() => expect(listed()).toMatchObject({ filter: 'all', app: 'immich' }));
    expect(visited.at(-1), 'another list is a page of history').toMatchObject({ replaced: false });
    await user.click(screen.getByRole('radio', { name: 'Warnings' }));
    await waitFor(() => expect(listed()).toMatchObject({ severity: 'warning' }));
    expect(visited.at(-1)?.replaced, 'a knob is none').toBe(true);
    await user.selectOptions(screen.getByRole('combobox', { name: 'Host' }), 'capstan');
    await waitFor(() => expect(listed()).toMatchObject({ host: 2 }));
    expect(address.url.search).toBe('?state=all&app=immich&sort=count&order=asc&severity=warning&host=2');
  });

  it('follows back and forward', async () => {
    const { listed, named } = await openList();
    await named(panic);
    openAt('/issues?state=ignored&q=dovecot');
    await waitFor(() => expect(listed()).toMatchObject({ filter: 'ignored', search: 'dovecot' }));
    expect((screen.getByRole('textbox') as HTMLInputElement).value).toBe('dovecot');
    expect((await named('Auth process not responding')).textContent).toContain('Ignored');
  });

  it('lets the engine search, once the typing rests', async () => {
    const { user, asked, listed, named, rows } = await openList();
    await named(panic);
    const before = asked.mock.calls.length;
    await user.type(screen.getByRole('textbox'), 'PANIC');
    await waitFor(() => expect(listed()).toMatchObject({ search: 'PANIC' }));
    await waitFor(() => expect(rows()).toHaveLength(1));
    expect(asked.mock.calls.length - before, 'not for every letter').toBeLessThanOrEqual(2);
    await user.click(screen.getAllByRole('button', { name: 'Clear the filters' })[0] as HTMLElement);
    await waitFor(() => expect(rows().length).toBeGreaterThan(10));
  });

  it('takes no space away from who rests between two words', async () => {
    const { user, listed, named } = await openList();
    await named(panic);
    await user.type(screen.getByRole('textbox'), 'lock ');
    await waitFor(() => expect(listed()).toMatchObject({ search: 'lock' }));
    await user.type(screen.getByRole('textbox'), 'wait');
    await waitFor(() => expect(listed()).toMatchObject({ search: 'lock wait' }));
    expect((screen.getByRole('textbox') as HTMLInputElement).value).toBe('lock wait');
  });

  it('lets the engine order, and offers no order it does not know', async () => {
    const { user, listed, named } = await openList();
    await named(panic);
    await user.click(screen.getByRole('button', { name: 'Occurrences' }));
    await waitFor(() => expect(listed()).toMatchObject({ sort: 'count', descending: true }));
    await user.click(screen.getByRole('button', { name: 'App' }));
    await waitFor(() => expect(listed()).toMatchObject({ sort: 'app', descending: false }));
    expect(screen.queryByRole('button', { name: 'Message' })).toBeNull();
  });

  it('resolves what is picked, and takes it back', async () => {
    const { user, named, rows } = await openList();
    await named(panic);
    const all = rows().length;
    await user.click(within(await named(panic)).getByRole('checkbox'));
    await user.click(within(await named('postfix/smtpd')).getByRole('checkbox'));
    expect(screen.getByText('2 selected')).toBeTruthy();
    await user.click(screen.getByRole('button', { name: 'Resolve' }));
    await screen.findByText('2 issues resolved');
    await waitFor(() => expect(rows()).toHaveLength(all - 2));
    expect(screen.queryByText('2 selected')).toBeNull();
    await user.click(screen.getByRole('button', { name: 'Undo' }));
    await waitFor(() => expect(rows()).toHaveLength(all));
    expect((await named(panic)).textContent).toContain('New');
  });

  it('picks ranges with Shift, and all on the page', async () => {
    const { user, rows, named } = await openList();
    await named(panic);
    const boxes = rows().map((row) => within(row).getByRole('checkbox'));
    await user.click(boxes[1] as HTMLElement);
    await user.keyboard('{Shift>}');
    await user.click(boxes[4] as HTMLElement);
    await user.keyboard('{/Shift}');
    expect(screen.getByText('4 selected')).toBeTruthy();
    await user.click(screen.getByRole('checkbox', { name: 'Select all on this page' }));
    expect(screen.getByText(`${rows().length} selected`)).toBeTruthy();
    await user.click(screen.getByRole('button', { name: 'Clear the selection' }));
    expect(screen.queryByText(/selected$/)).toBeNull();
  });

  it('ignores for a time that ends in the engine’s time', async () => {
    const { user, backend, asked, named } = await openList();
    await user.click(within(await named(panic)).getByRole('checkbox'));
    await user.click(screen.getByRole('button', { name: 'Ignore…' }));
    await user.click(await screen.findByRole('menuitem', { name: 'For 1 day' }));
    await screen.findByText('1 issue ignored');
    const request = asked.mock.calls.find(([name]) => name === 'set_issue_state')?.[1] as { state: { at_ms: number } };
    const { now_ms } = await backend.call('overview', null);
    expect(Math.abs(request.state.at_ms - now_ms - 24 * 3_600_000)).toBeLessThan(30_000);
  });

  it('is worked from the keyboard: pick, range, resolve, undo', async () => {
    const { user, named, rows } = await openList();
    await named(panic);
    const all = rows().length;
    await user.keyboard('jxjjX');
    expect(screen.getByText('3 selected')).toBeTruthy();
    await user.keyboard('{Escape}');
    expect(screen.queryByText('3 selected')).toBeNull();
    await user.keyboard('e');
    await screen.findByText('1 issue resolved');
    await waitFor(() => expect(rows()).toHaveLength(all - 1));
    await user.keyboard('u');
    await waitFor(() => expect(rows()).toHaveLength(all));
    await user.keyboard('ji');
    expect(await screen.findByRole('menuitem', { name: 'Until it changes' })).toBeTruthy();
  });

  it('goes through a long list page by page, and exports all of it', async () => {
    const { user, backend, listed, rows } = await openList('/issues?state=all', 'many');
    await waitFor(() => expect(rows()).toHaveLength(100));
    expect(screen.getAllByText('1–100 of 2,345').length).toBeGreaterThan(0);
    await user.click(screen.getByRole('button', { name: 'Next page' }));
    await waitFor(() => expect(listed()).toMatchObject({ offset: 100, limit: 100 }));
    expect((await screen.findAllByText('101–200 of 2,345')).length).toBeGreaterThan(0);
    await user.click(screen.getByRole('button', { name: 'Table actions' }));
    await user.click(await screen.findByRole('menuitem', { name: 'Export CSV…' }));
    await screen.findByText('Saved roadstead-issues.csv');
    expect(new TextDecoder().decode(backend.saved[0]?.contents).trim().split('\r\n')).toHaveLength(2346);
  }, 90_000);

  it('says that no log was read, which is not the same as that nothing is wrong', async () => {
    await openList('/issues', 'unread');
    expect(await screen.findByText('No log was read yet')).toBeTruthy();
  });

  it('says that nothing is wrong, and what that rests on', async () => {
    await openList('/issues', 'calm');
    expect(await screen.findByText('Nothing is wrong')).toBeTruthy();
    expect(screen.getByText(/^The logs of \d+ containers are read/)).toBeTruthy();
    expect(screen.getByRole('note').textContent).toContain('cannot be read, or not completely');
    expect(within(screen.getByRole('note')).getByRole('link').getAttribute('href')).toBe('/hosts');
  });

  it('says that nothing matches, and offers the way back', async () => {
    const { user, rows } = await openList('/issues?q=zzzz');
    expect(await screen.findByText('No issue matches')).toBeTruthy();
    await user.click(screen.getAllByRole('button', { name: 'Clear the filters' })[0] as HTMLElement);
    await waitFor(() => expect(rows().length).toBeGreaterThan(10));
  });

  it('says what failed', async () => {
    await openList('/issues', 'error');
    expect((await screen.findByRole('alert')).textContent).toContain('did not answer within 5 s');
  });
});

describe('the page of an issue', () => {
  const open = (id: number) => draw(IssuePage as unknown as Page, { id }, 'full');

  it('says where it came back, and that its count may be too low', async () => {
    open(1);
    const [note, loss] = await screen.findAllByRole('note');
    expect(note?.textContent).toContain('Came back 2 h ago');
    expect(note?.textContent).toContain('breakwater');
    expect(note?.textContent).toContain('nextcloud:30.0.6-apache');
    expect(loss?.textContent).toContain('At least: lines of its app’s logs were lost');
  });

  it('draws its course, and reads it out bar by bar', async () => {
    drawn.options.length = 0;
    const { user } = open(2);
    const course = await screen.findByRole('slider');
    await waitFor(() => expect(drawn.options.length).toBeGreaterThan(0));
    course.focus();
    await user.keyboard('{ArrowLeft}');
    const last = course.getAttribute('aria-valuetext');
    await user.keyboard('{ArrowLeft}');
    expect(course.getAttribute('aria-valuetext')).not.toBe(last);
    expect(course.getAttribute('aria-valuetext')).toMatch(/: \d+ events?$/);
  });

  it('shows traces, more of them on demand, and copies them', async () => {
    const { user, backend } = open(1);
    const [first] = await screen.findAllByRole('article');
    expect(first?.textContent).toContain('PDOException');
    const articles = screen.getAllByRole('article');
    expect(articles[1]?.textContent).toContain('41 more lines were not kept');
    expect(articles[1]?.textContent).not.toContain('{main}');
    await user.click(within(articles[1] as HTMLElement).getByRole('button', { name: 'Show all 15 lines' }));
    expect(articles[1]?.textContent).toContain('{main}');
    await user.click(within(articles[0] as HTMLElement).getByRole('button', { name: 'Copy this event' }));
    expect(backend.copied[0]?.split('\n')).toHaveLength(15);
    await user.click(screen.getByRole('button', { name: 'Copy all' }));
    expect(backend.copied[1]?.split('\n').filter((line) => line.startsWith('# 2026-'))).toHaveLength(6);
  });

  it('tells why its events are one', async () => {
    const { user, backend } = open(2);
    await user.click(await screen.findByText('Why grouped so'));
    await user.click(screen.getByRole('button', { name: 'Copy the fingerprint' }));
    expect(backend.copied[0]).toMatch(/^[0-9a-f]{16}$/);
    expect(screen.getByText('version 1')).toBeTruthy();
  });

  it('is resolved, ignored and reopened, by button and by key', async () => {
    const { user } = open(2);
    await user.click(await screen.findByRole('button', { name: 'Resolve' }));
    await screen.findByText('Resolved');
    await user.click(screen.getByRole('button', { name: 'Reopen' }));
    await waitFor(() => expect(screen.queryByText('Resolved')).toBeNull());
    await user.keyboard('i');
    await user.click(await screen.findByRole('menuitem', { name: 'For ever' }));
    await screen.findByText('Ignored for ever');
    await user.keyboard('u');
    await waitFor(() => expect(screen.queryByText('Ignored for ever')).toBeNull());
    await user.keyboard('e');
    expect(await screen.findByText('Resolved')).toBeTruthy();
  });

  it('shows hostile text as text', async () => {
    const { container } = open(13);
    const heading = await screen.findByRole('heading', { level: 1 });
    expect(heading.textContent).toContain('<img src=x onerror=alert(1)>');
    expect(container.querySelector('img, script, b')).toBeNull();
    expect(screen.getAllByRole('article')[0]?.textContent).toContain('<b onmouseover="alert(3)">');
    expect(document.title).toContain('<img src=x');
  });

  it('says so when there is no such issue, also where the address makes no sense', async () => {
    const { asked } = open(Number.NaN);
    expect(await screen.findAllByText('There is no such issue')).toHaveLength(2);
    expect(asked).not.toHaveBeenCalledWith('issue', expect.anything());
    open(4711);
    await waitFor(() => expect(screen.getAllByText('There is no such issue')).toHaveLength(4));
  });
});

describe('everyone', () => {
  const pages: Array<[string, Page, Record<string, unknown>, string]> = [
    ['the page of all issues', IssuesPage as unknown as Page, {}, panic],
    ['the page of an issue', IssuePage as unknown as Page, { id: 1 }, 'Stack trace:'],
  ];

  it.each(pages)('can use %s: no rule of WCAG A and AA is broken', async (_, shown, given, sign) => {
    const { container } = draw(shown, given, 'full');
    await screen.findAllByText(sign, { exact: false });
    const found = await axe.run(container, {
      runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'],
      // Needs a real layout; the colours are measured in styles/tokens.test.ts.
      rules: { 'color-contrast': { enabled: false } },
    });
    expect(found.violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`)).toEqual([]);
  });

  it('reads them in Hungarian and Russian', async () => {
    locale.speak('hu');
    await openList();
    expect(await screen.findByRole('columnheader', { name: 'Előfordulások' })).toBeTruthy();
    locale.speak('ru');
    expect(await screen.findByRole('columnheader', { name: 'Повторы' })).toBeTruthy();
  });
});
