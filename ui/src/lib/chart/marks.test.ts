/** Marks on charts: gathered, told apart, in words, and walked through with the keyboard. */
import { render, screen, within } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { describe, expect, it } from 'vitest';
import type { Mark, MarkKind } from '$lib/bindings';
import { markShapes, shapeOf, shapePaths, toneOfMark } from './markShapes';
import { type Spot, shapesOf, SPOT_PX, spotsOf, spotsWithin } from './marks';
import MarkStrip from './MarkStrip.svelte';
import { markDetail, markHref, markSentence, markTitle, spotSentence } from './markWords';

const MIB = 1024 ** 2;
const at = (at_ms: number, mark: MarkKind, rest: Partial<Mark> = {}): Mark => ({
  at_ms,
  host: 2,
  host_name: 'capstan',
  container_name: null,
  mark,
  count: 1,
  ...rest,
});
const deploy = (rest: Partial<Extract<MarkKind, { kind: 'deploy' }>> = {}): MarkKind => ({
  kind: 'deploy',
  deploy: 7,
  how: 'update',
  state: 'success',
  changes: [],
  ...rest,
});
const issue: MarkKind = { kind: 'new_issue', issue: 3, severity: 'error', message: 'no route to host' };

describe('marks at one spot', () => {
  it('are gathered, with how often something happened, under the weightiest', () => {
    const marks = [
      at(0, { kind: 'restart' }, { count: 3 }),
      at(10, { kind: 'oom_kill' }),
      at(10 + SPOT_PX, deploy()),
      at(400, issue),
    ];
    const spots = spotsOf(marks, 1);
    expect(spots.map(({ count, first }) => [first.mark.kind, count])).toEqual([
      ['oom_kill', 4],
      ['deploy', 1],
      ['new_issue', 1],
    ]);
    expect(spotsOf(marks, 100), 'from far away').toHaveLength(1);
    expect(spotsOf([], 1)).toEqual([]);
  });

  it('never stand closer than they can be told apart, and a row of them is several spots', () => {
    const spots = spotsOf(
      Array.from({ length: 200 }, (_, index) => at(index * 10, { kind: 'restart' })),
      1,
    );
    expect(spots.length).toBeGreaterThan(10);
    spots.slice(1).forEach((spot, index) => {
      expect(spot.at_ms - (spots[index]?.at_ms ?? 0)).toBeGreaterThanOrEqual(SPOT_PX);
    });
  });

  it('are only those in sight', () => {
    const spots = spotsOf([at(0, issue), at(500, deploy())], 1);
    const seen = spotsWithin(spots, { from_ms: 100, to_ms: 900 });
    expect(shapesOf(seen)).toEqual(['deploy']);
  });
});

describe('the shapes', () => {
  it('are another for each kind, so that no colour has to be known', () => {
    const drawn = markShapes.map((shape) => shapePaths[shape].d);
    expect(new Set(drawn).size).toBe(markShapes.length);
  });

  it('tell a deploy that failed, one under way and a rollback apart', () => {
    expect(shapeOf(deploy())).toBe('deploy');
    expect(shapeOf(deploy({ state: 'failed' }))).toBe('deploy_failed');
    expect(shapeOf(deploy({ state: 'interrupted' }))).toBe('deploy_failed');
    expect(shapeOf(deploy({ how: 'rollback' }))).toBe('rollback');
    expect(shapeOf(deploy({ how: 'rollback', state: 'failed' }))).toBe('deploy_failed');
    expect(shapeOf(deploy({ state: 'running' }))).toBe('deploy_running');
    expect(toneOfMark({ ...issue, severity: 'warning' })).toBe('warn');
  });
});

describe('a mark in words', () => {
  it('says what a deploy changed', () => {
    const changed = deploy({
      changes: [
        { kind: 'image', service: 'web', from: 'shop:1.2.3', to: 'shop:1.2.4' },
        { kind: 'memory_limit', service: 'web', from_bytes: 256 * MIB, to_bytes: 512 * MIB },
        { kind: 'env', service: 'web', added: [], removed: [], changed: ['LOG_LEVEL'] },
      ],
    });
    expect(markDetail(changed)).toBe(
      'image 1.2.3 → 1.2.4, memory limit 256 MiB → 512 MiB, 1 variable changed: LOG_LEVEL',
    );
    expect(markTitle(changed)).toBe('Updated');
    expect(markHref(changed)).toBe('#deploy-7');
  });

  it('says how it ended, where, and how often', () => {
    expect(markTitle(deploy({ how: 'rollback', state: 'failed' }))).toBe('Rollback failed');
    expect(markTitle(deploy({ how: 'observed' }))).toBe('Changed elsewhere');
    const restarts = markSentence(at(0, { kind: 'restart' }, { count: 3, container_name: 'shop-web-1' }));
    expect(restarts).toContain('Restarted ×3');
    expect(restarts).toContain('capstan · shop-web-1');
    expect(markTitle({ kind: 'exit', code: 137 })).toBe('Ended with exit code 137');
    expect(markHref({ kind: 'oom_kill' })).toBeNull();
  });

  it('leads from an issue to its page', () => {
    expect(markHref(issue)).toBe('/issues/3');
    expect(markDetail(issue)).toBe('no route to host');
  });

  it('of several at one spot says how many', () => {
    const [spot] = spotsOf([at(0, { kind: 'restart' }), at(5, { kind: 'oom_kill' })], 1);
    expect(spotSentence(spot as Spot)).toContain('2 events: Killed for memory');
  });
});

describe('the strip of marks', () => {
  function strip() {
    const marks = [
      at(100, issue),
      at(400, { kind: 'oom_kill' }, { container_name: '<img src=x>' }),
      at(405, deploy({ state: 'failed' })),
      at(900, deploy({ deploy: 8 })),
    ];
    const spots = spotsOf(marks, 1);
    const range = { from_ms: 0, to_ms: 1000 };
    const { container } = render(MarkStrip, { spots, range, left: 60, right: 70, lane: 20, foot: 300 });
    const spot = (name: RegExp) => container.querySelector<HTMLElement>(`[data-spot][aria-label*="${name.source}"]`);
    return { container, spot, user: userEvent.setup() };
  }

  it('is one stop of the Tab key, and walked through with arrows', async () => {
    const { container, user } = strip();
    const all = [...container.querySelectorAll<HTMLElement>('[data-spot]')];
    expect(all.filter(({ tabIndex }) => tabIndex === 0)).toHaveLength(1);
    await user.tab();
    expect(document.activeElement, 'the newest first').toBe(all[2]);
    await user.keyboard('{ArrowLeft}');
    expect(document.activeElement).toBe(all[1]);
    await user.keyboard('{Home}');
    expect(document.activeElement).toBe(all[0]);
    await user.keyboard('{ArrowLeft}');
    expect(document.activeElement, 'there is nothing before').toBe(all[0]);
    await user.keyboard('{End}');
    expect(document.activeElement).toBe(all[2]);
  });

  it('says what happened at the spot that has the focus, as text', async () => {
    const { container, user } = strip();
    await user.tab();
    await user.keyboard('{ArrowLeft}');
    const card = screen.getByRole('group', { name: 'What happened here' });
    expect(within(card).getAllByRole('listitem')).toHaveLength(2);
    expect(card.textContent).toContain('<img src=x>');
    expect(container.querySelector('img')).toBeNull();
    await user.keyboard('{Escape}');
    expect(screen.queryByRole('group', { name: 'What happened here' })).toBeNull();
  });

  it('leads to the row of a deploy, and into a spot of several', async () => {
    const { spot, user } = strip();
    expect(spot(/Updated/)?.getAttribute('href')).toBe('#deploy-8');
    expect(spot(/New issue/)?.getAttribute('href')).toBe('/issues/3');
    await user.tab();
    await user.keyboard('{ArrowLeft}{Enter}');
    expect(document.activeElement?.getAttribute('href')).toBe('#deploy-7');
    await user.keyboard('{Escape}');
    expect(document.activeElement?.getAttribute('aria-label')).toContain('2 events');
  });

  it('has a count that is seen, and everything in the name that is heard', () => {
    const { container, spot } = strip();
    expect(container.querySelector('.count')?.textContent).toBe('2');
    expect(spot(/2 events/)?.getAttribute('aria-label')).toContain('Update failed');
  });
});
