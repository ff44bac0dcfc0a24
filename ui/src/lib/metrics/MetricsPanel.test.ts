/** The panel of live metrics over the made-up fleet. */
import { fireEvent, render, screen, waitFor, within } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import axe from 'axe-core';
import type { Component } from 'svelte';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { fixtureBackend, FIXTURE_NOW_MS, type Scene } from '$lib/backend/fixture';
import type { MetricsSeries } from '$lib/bindings';
import { locale } from '$lib/i18n/i18n.svelte';
import { address, openAt } from '../../testing/address.svelte';
import InWindow from '../../testing/InWindow.svelte';
import MetricsPanel from './MetricsPanel.svelte';

vi.mock('$lib/chart/echarts', async () => (await import('../../testing/chart')).chartStandIn());
vi.mock('$app/state', async () => ({ page: (await import('../../testing/address.svelte')).address }));
vi.mock('$app/navigation', async () => ({ goto: (await import('../../testing/address.svelte')).gotoStandIn }));

const HOUR = 3_600_000;
const hosts = [
  { host: 1, host_name: 'breakwater' },
  { host: 2, host_name: 'capstan' },
  { host: 5, host_name: 'halyard' },
];

beforeEach(() => openAt('/apps/nextcloud'));
afterEach(() => locale.speak('en'));

interface Opened {
  path?: string;
  scene?: Scene;
  app?: string;
  /** Changes every chart on its way. */
  change?: (series: MetricsSeries) => MetricsSeries;
}

function open({ path = '/apps/nextcloud', scene = 'full', app = 'nextcloud', change }: Opened = {}) {
  openAt(path);
  const backend = fixtureBackend({ scene });
  const call = backend.call.bind(backend);
  const asked = vi.spyOn(backend, 'call').mockImplementation(async (name, request) => {
    const answer = await call(name, request);
    return (name === 'app_metrics' && change ? change(answer as MetricsSeries) : answer) as typeof answer;
  });
  const shown = MetricsPanel as unknown as Component<Record<string, unknown>>;
  const given = { app, displayName: 'Nextcloud', hosts, now: FIXTURE_NOW_MS };
  const { container } = render(InWindow, { backend, shown, given });
  const requests = () =>
    asked.mock.calls.flatMap(([name, request]) => (name === 'app_metrics' ? [request as { points: number }] : []));
  const drawn = () => screen.findByRole('slider', { name: /live memory and CPU/ });
  return { backend, asked, container, requests, drawn, user: userEvent.setup() };
}

describe('the live metrics of an app', () => {
  it('are those of two hours at first, with everything told by more than colour', async () => {
    const { requests, drawn } = open();
    await drawn();
    expect(requests()[0]).toMatchObject({ app: 'nextcloud', host: null, split: 'whole', bucket_ms: null });
    const legend = within(screen.getByRole('list', { name: /^Lines/ }));
    expect(legend.getByRole('button', { name: 'Memory, sum of all hosts' })).toBeTruthy();
    expect(legend.getByRole('button', { name: /Sum of the limits/ })).toBeTruthy();
    expect(legend.getByText('Incomplete')).toBeTruthy();
    expect(screen.getByText(/^Sum of all hosts; one point per 15 s$/)).toBeTruthy();
    expect(screen.getByText('Memory does not grow.')).toBeTruthy();
    expect((await screen.findByRole('list', { name: 'What the marks mean' })).textContent).toContain(
      'Killed for memory',
    );
  });

  it('are added to as ticks come, and never asked for whole again', async () => {
    const { backend, requests, drawn } = open();
    await drawn();
    backend.emit({ type: 'changed', tags: ['samples'] });
    await waitFor(() => expect(requests()).toHaveLength(2), { timeout: 8000 });
    expect(requests()[1]).toMatchObject({ bucket_ms: 15_000 });
    await waitFor(() => expect(performance.getEntriesByName('metrics-tick').length).toBeGreaterThan(0));
    expect(performance.getEntriesByName('metrics-load').length).toBeGreaterThan(0);
  });

  it('stand in the address: span, host and what the lines are of', async () => {
    const { user, requests, drawn } = open();
    await drawn();
    await user.click(screen.getByRole('radio', { name: '6h' }));
    await user.click(screen.getByRole('radio', { name: 'By service' }));
    await user.selectOptions(screen.getByRole('combobox', { name: 'Host of the live metrics' }), 'capstan');
    expect(address.url.search).toBe('?live=6h&live_host=2&live_split=service');
    await waitFor(() => expect(requests()).toContainEqual(expect.objectContaining({ host: 2, split: 'service' })));
    const legend = await screen.findByRole('button', { name: 'cron' });
    expect(legend.getAttribute('aria-pressed')).toBe('true');
    await user.click(legend);
    expect(legend.getAttribute('aria-pressed')).toBe('false');
  });

  it('come back from a link', async () => {
    const { requests, drawn } = open({ path: '/apps/nextcloud?live=24h&live_host=1&live_split=container' });
    await drawn();
    expect(requests()[0]).toMatchObject({ host: 1, split: 'container' });
    expect(await screen.findByRole('button', { name: 'nextcloud-db-1' })).toBeTruthy();
  });

  it('show a span that was dragged over, and go back to what is live', async () => {
    const { user, drawn, requests } = open();
    const chart = await drawn();
    await fireEvent.pointerDown(chart, { button: 0, clientX: 300, pointerId: 1 });
    await fireEvent.pointerMove(chart, { clientX: 500, pointerId: 1 });
    await fireEvent.pointerUp(chart, { clientX: 500, pointerId: 1 });
    expect(address.url.searchParams.get('live_from')).not.toBeNull();
    await waitFor(() => expect(requests()).toHaveLength(2));
    await user.click(await screen.findByRole('button', { name: 'Back to live' }));
    expect(address.url.search).toBe('');
  });

  it('are read tick by tick with the arrow keys, and looked at closer with Shift and Enter', async () => {
    const { user, drawn } = open();
    const chart = await drawn();
    chart.focus();
    await user.keyboard('{ArrowLeft}');
    expect(chart.getAttribute('aria-valuetext')).toMatch(/Memory: .* MiB|GiB|not measured/);
    const newest = Number(chart.getAttribute('aria-valuenow'));
    await user.keyboard('{ArrowLeft}{ArrowLeft}');
    expect(Number(chart.getAttribute('aria-valuenow'))).toBe(newest - 2);
    await user.keyboard('{Shift>}{Home}{/Shift}{Enter}');
    expect(address.url.searchParams.get('live_to')).not.toBeNull();
  });

  it('have network and disk below when wanted, and remember that', async () => {
    const { user, drawn } = open();
    await drawn();
    await user.click(screen.getByRole('button', { name: 'Network' }));
    expect(JSON.parse(localStorage.getItem('roadstead.metrics.rates') ?? '')).toEqual({ network: true, block: false });
    const chart = await drawn();
    chart.focus();
    await user.keyboard('{Home}');
    expect(chart.getAttribute('aria-valuetext')).toContain('Network: in');
  });

  it('say since when nothing was measured, of a host that does not answer', async () => {
    const { drawn } = open({ path: '/apps/nextcloud?live_host=5' });
    await drawn();
    const told = await screen.findByText(/^Nothing has been measured on halyard for 3\d min/);
    expect(told.textContent).toContain('the data end at');
  });

  it('say how many containers are missing of a sum that is not drawn', async () => {
    const change = (series: MetricsSeries): MetricsSeries => ({
      ...series,
      complete: series.complete.map(() => false),
      containers: series.containers.map(() => 3),
      expected: series.expected.map(() => 4),
    });
    open({ change });
    expect(await screen.findByText(/^3 of 4 containers were measured last/)).toBeTruthy();
  });

  it('say so when nothing was measured, and what to do', async () => {
    const change = (series: MetricsSeries): MetricsSeries => ({ ...series, times_ms: [], lines: [] });
    open({ change });
    expect(await screen.findByText('Nothing measured in this span')).toBeTruthy();
    expect(screen.queryByRole('button', { name: /PNG/ })).toBeNull();
  });

  it('say why there are no lines of containers long ago', async () => {
    open({ path: '/apps/nextcloud?live=30d&live_split=container' });
    expect(await screen.findByText('No lines this far back')).toBeTruthy();
  });

  it('say what failed, and try again', async () => {
    const { user, asked } = open({ scene: 'error' });
    const alert = await screen.findByRole('alert');
    expect(alert.textContent).toContain('the database did not answer within 5 s');
    const before = asked.mock.calls.filter(([name]) => name === 'app_metrics').length;
    await user.click(within(alert).getByRole('button', { name: 'Try again' }));
    await waitFor(() =>
      expect(asked.mock.calls.filter(([name]) => name === 'app_metrics').length).toBeGreaterThan(before),
    );
  });

  it('withhold whether memory grows, with the reason', async () => {
    open({ app: 'wiki' });
    expect(await screen.findByText(/^Too early to say whether memory grows/)).toBeTruthy();
  });

  it('speak Hungarian and Russian', async () => {
    locale.speak('hu');
    const { drawn } = open();
    await waitFor(() => expect(screen.getByRole('region', { name: 'Élő mérések' })).toBeTruthy());
    expect(await screen.findByText('A memória nem nő.')).toBeTruthy();
    locale.speak('ru');
    expect(await screen.findByText('Память не растёт.')).toBeTruthy();
    expect(drawn).toBeTruthy();
  });

  it('can be used by everyone: no rule of WCAG A and AA is broken', async () => {
    const { container, drawn } = open({ path: '/apps/nextcloud?live=24h&live_split=service' });
    await drawn();
    await screen.findByRole('list', { name: 'What the marks mean' });
    const found = await axe.run(container, {
      runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'],
      rules: { 'color-contrast': { enabled: false } },
    });
    expect(found.violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`)).toEqual([]);
  });
});

describe('the made-up metrics', () => {
  it('fit at their end, whatever part of them is asked for', async () => {
    const backend = fixtureBackend();
    const { now_ms } = await backend.call('overview', null);
    const request = {
      app: 'nextcloud',
      host: null,
      range: { from_ms: now_ms - HOUR, to_ms: now_ms },
      points: 1000,
      split: 'whole' as const,
      bucket_ms: null,
      rates: false,
    };
    const whole = await backend.call('app_metrics', request);
    const from = whole.times_ms.at(-10) ?? 0;
    const part = await backend.call('app_metrics', {
      ...request,
      range: { from_ms: from, to_ms: now_ms },
      bucket_ms: whole.bucket_ms,
    });
    expect(part.times_ms).toEqual(whole.times_ms.slice(-10));
    expect(part.lines[0]?.memory_avg_bytes).toEqual(whole.lines[0]?.memory_avg_bytes.slice(-10));
    expect(part.leak, 'only with a new chart').toBeNull();
    expect(whole.leak).not.toBeNull();
  });
});
