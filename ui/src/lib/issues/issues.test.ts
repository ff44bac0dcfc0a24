import { describe, expect, it } from 'vitest';
import { CommandFailed } from '$lib/backend/backend';
import { fixtureBackend } from '$lib/backend/fixture';
import type { IssueRow, LogScan, Regression } from '$lib/bindings';
import { Toasts } from '$lib/components/toasts.svelte';
import { formatCount } from '$lib/format/numbers';
import { locale } from '$lib/i18n/i18n.svelte';
import { issueColumns } from './columns';
import { ignoredBy, IssueActions } from './issueActions';
import {
  atLeastCount,
  changeSentence,
  lossSentence,
  marksOf,
  marksSentence,
  occurrences,
  rankOfScan,
  scanWord,
  shortMessage,
  splitTime,
  spreadSentence,
  stateSentence,
} from './words';

const usual: Pick<IssueRow, 'state' | 'is_new' | 'regressed'> = {
  state: { state: 'open' },
  is_new: false,
  regressed: null,
};
const regressed: Regression = {
  at_ms: 0,
  host: 1,
  host_name: 'quay',
  container_name: 'db',
  image: 'pg:16',
  generation: { engine_id: 'c0ffee'.repeat(10), image_id: `sha256:${'beef01'.repeat(10)}`, created_at_ms: 0 },
  change: 'container',
};
const marks = (row: Partial<typeof usual>) => marksOf({ ...usual, ...row }).map(({ text }) => text);

describe('an issue in words', () => {
  it('says how long it is ignored', () => {
    expect(stateSentence({ state: 'ignored', until: 'change' })).toBe('Ignored until it changes');
    expect(stateSentence({ state: 'ignored', until: 'never' })).toBe('Ignored for ever');
    expect(stateSentence({ state: 'ignored', until: 'moment', at_ms: Date.UTC(2026, 2, 14, 9, 5) })).toMatch(
      /^Ignored until .*14/,
    );
    expect(stateSentence({ state: 'resolved' })).toBe('Resolved');
  });

  it('marks what is new and what came back, and both', () => {
    expect(marks({})).toEqual([]);
    expect(marks({ is_new: true })).toEqual(['New']);
    expect(marks({ regressed, is_new: true })).toEqual(['Returned', 'New']);
    expect(marksSentence(usual)).toBe('Open');
  });

  it('marks no resolved or ignored issue as new', () => {
    expect(marks({ state: { state: 'resolved' }, is_new: true })).toEqual(['Resolved']);
    expect(marksSentence({ ...usual, state: { state: 'ignored', until: 'never' } })).toBe('Ignored for ever');
  });

  it('says which container and image of its name it came back in, and what is another there', () => {
    expect(changeSentence(regressed)).toMatch(/^The container was created anew .*c0ffeec0ffee.*beef01beef01/);
    expect(changeSentence({ ...regressed, change: 'image' })).toMatch(/^The image is another one/);
    expect(changeSentence({ ...regressed, change: null })).toMatch(/^Container c0ffeec0ffee, created/);
    expect(changeSentence({ ...regressed, generation: null }), 'nothing is made up').toBeUndefined();
  });

  it('counts hosts and containers by the rules of the language', () => {
    expect(spreadSentence({ hosts: 1, containers: 3 })).toBe('1 host, 3 containers');
    locale.speak('ru');
    expect(spreadSentence({ hosts: 2, containers: 5 })).toBe('2 хоста, 5 контейнеров');
  });

  it.each([
    ['2026-03-14T09:12:07.667Z ERROR x', 'ERROR x'],
    ['[2026-03-14 09:12:07,218] [ERROR] x', '[ERROR] x'],
    ['2026/03/14 09:12:07 x', 'x'],
    ['Mar 14 09:12:07 mail x', 'mail x'],
    ['[03/14/26 07:12:07] WARNING x', 'WARNING x'],
    ['2026-03-14 09:12:07.004 +01:00 x', 'x'],
    ['panic: at 2026-03-14 09:12:07', 'panic: at 2026-03-14 09:12:07'],
    ['12:00 is no day', '12:00 is no day'],
    ['2026-03-14 09:12:07', '2026-03-14 09:12:07'],
    ['', ''],
  ])('leaves out of %j when it was printed', (message, rest) => {
    expect(splitTime(message)[1]).toBe(rest);
    expect(splitTime(message).join(''), 'nothing is lost').toBe(message);
  });

  it('says that lines were lost since it was first seen, and when', () => {
    expect(occurrences({ count: 1204, lines_lost_until_ms: null })).toBe('1,204');
    expect(lossSentence({ lines_lost_until_ms: null })).toBeUndefined();
    const lost = { count: 1204, lines_lost_until_ms: Date.UTC(2026, 2, 14, 9, 5) };
    expect(occurrences(lost)).toBe('≥\u00a01,204');
    expect(lossSentence(lost)).toMatch(/^At least: .*14/);
    expect(atLeastCount(null), 'what was never read is not at least anything').toBe(formatCount(null));
  });

  it('is called by the beginning of its message', () => {
    expect(shortMessage('short')).toBe('short');
    expect(shortMessage('x'.repeat(500)).length).toBeLessThanOrEqual(80);
  });
});

describe('how far a log was read', () => {
  const scan = (state: LogScan['state']): LogScan => ({
    state,
    read_until_ms: 0,
    looked_at_ms: 0,
    lines: 0,
    fault: null,
    lost: null,
  });

  it('has the worst as the highest, and what was never looked at as not measured', () => {
    const states = ['ok', 'unreadable', 'behind'] as const;
    expect([...states].sort((a, b) => Number(rankOfScan(scan(b))) - Number(rankOfScan(scan(a))))).toEqual([
      'unreadable',
      'behind',
      'ok',
    ]);
    expect(rankOfScan(null)).toBeNull();
  });

  it('is a word', () => {
    expect(scanWord(scan('truncated'))).toBe('Lines lost');
    expect(scanWord(null)).toBe('Not read yet');
  });
});

describe('ignoring', () => {
  it('for a time ends in the engine’s own time', () => {
    expect(ignoredBy('hour', 1000.4)).toEqual({ state: 'ignored', until: 'moment', at_ms: 3_601_000 });
    expect(ignoredBy('week', 0)).toEqual({ state: 'ignored', until: 'moment', at_ms: 7 * 24 * 3_600_000 });
    expect(ignoredBy('change', 0)).toEqual({ state: 'ignored', until: 'change' });
    expect(ignoredBy('never', 0)).toEqual({ state: 'ignored', until: 'never' });
  });
});

describe('what is said of issues', () => {
  function open() {
    const backend = fixtureBackend();
    const toasts = new Toasts();
    let changed = 0;
    const actions = new IssueActions(backend, toasts, () => (changed += 1));
    const stateOf = async (issue: number) => (await backend.call('issue', { issue })).row;
    return { backend, toasts, actions, stateOf, changes: () => changed };
  }

  it('is said of all at once, and taken back with what was before', async () => {
    const { actions, toasts, stateOf, changes } = open();
    const before = await stateOf(1);
    expect(before.regressed).not.toBeNull();
    expect(await actions.set([1, 2], { state: 'resolved' })).toBe(true);
    expect((await stateOf(1)).state.state).toBe('resolved');
    expect(toasts.shown.at(-1)?.text).toBe('2 issues resolved');
    await actions.undo();
    expect((await stateOf(1)).regressed, 'its return is not forgotten').toEqual(before.regressed);
    expect((await stateOf(2)).state.state).toBe('open');
    expect(changes()).toBe(2);
  });

  it('is taken back from its message too, and only once from the keyboard', async () => {
    const { actions, toasts, stateOf } = open();
    await actions.set([1], { state: 'ignored', until: 'never' });
    toasts.shown.at(-1)?.action?.run();
    await expect.poll(async () => (await stateOf(1)).state.state).toBe('open');
    expect(await actions.undo()).toBe(false);
    expect(toasts.shown.at(-1)?.text).toBe('There is nothing to take back');
  });

  it('fails with the engine’s reason', async () => {
    const { backend, actions, toasts, changes } = open();
    backend.call = async () => {
      throw new CommandFailed({ code: 'disk_full', key: 'error.disk_full', params: {}, field: null, message: '' });
    };
    expect(await actions.set([1], { state: 'resolved' })).toBe(false);
    expect(toasts.shown.at(-1)?.text).toContain('The disk is full');
    expect(changes()).toBe(0);
  });
});

describe('the columns', () => {
  it('are ordered by only where the backend can', () => {
    const sortable = issueColumns({ remote: true })
      .filter((column) => column.sorts !== false)
      .map(({ key }) => key);
    expect(sortable.sort()).toEqual(['app', 'count', 'first_seen', 'last_seen', 'spread']);
  });

  it('have the seed’s headings in Hungarian', () => {
    locale.speak('hu');
    expect(issueColumns({ without: ['app', 'state', 'trend'] }).map(({ title }) => title)).toEqual([
      'Súlyosság',
      'Üzenet',
      'Előfordulások',
      'Érintett gépek',
      'Először',
      'Utoljára',
    ]);
  });
});
