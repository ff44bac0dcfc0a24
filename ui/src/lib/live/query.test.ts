import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CommandFailed } from '$lib/backend/backend';
import type { Tag } from '$lib/bindings';
import { type AnswerPlan, LiveAnswer } from './query.svelte';

/** Answers by hand, in any order. */
function byHand() {
  const asked: Array<{ request: string; answer: (text: string) => void; fail: (thrown: unknown) => void }> = [];
  const ask = (request: string) =>
    new Promise<string>((resolve, reject) => asked.push({ request, answer: resolve, fail: reject }));
  return { asked, ask };
}

function living(plan: Partial<AnswerPlan<string, string>>) {
  return new LiveAnswer<string, string>({
    request: () => 'week',
    ask: async () => '',
    tags: (): Tag[] => ['apps'],
    ...plan,
  });
}

let hidden = false;

beforeEach(() => {
  vi.useFakeTimers();
  hidden = false;
  vi.spyOn(document, 'hidden', 'get').mockImplementation(() => hidden);
});

afterEach(() => vi.useRealTimers());

const settled = () => vi.advanceTimersByTimeAsync(0);

describe('a living question', () => {
  it('shows the answer to the newest request, whatever comes last', async () => {
    const { asked, ask } = byHand();
    let period = 'week';
    const question = living({ request: () => period, ask });
    void question.ask();
    period = 'month';
    void question.ask();
    asked[1]?.answer('month');
    await settled();
    asked[0]?.answer('week');
    await settled();
    expect(question.answer).toBe('month');
    expect(question.loading).toBe(false);
  });

  it('keeps the old answer while a new one is on its way, and beside an error', async () => {
    const { asked, ask } = byHand();
    const question = living({ ask });
    expect(question.starting).toBe(true);
    void question.ask();
    asked[0]?.answer('old');
    await settled();
    void question.ask();
    expect(question.answer).toBe('old');
    expect(question.loading).toBe(true);
    asked[1]?.fail(
      new CommandFailed({ code: 'internal', key: 'error.internal', params: {}, field: null, message: 'gone' }),
    );
    await settled();
    expect(question.answer).toBe('old');
    expect(question.error?.message).toBe('gone');
  });

  it('words whatever is thrown', async () => {
    const question = living({
      ask: async () => {
        throw new Error('bridge is down');
      },
    });
    await question.ask();
    expect(question.error).toMatchObject({ code: 'internal', message: 'bridge is down' });
    expect(question.starting, 'an error is something to show').toBe(false);
  });

  it('is asked again also when changes never cease', async () => {
    const { asked, ask } = byHand();
    const question = living({ ask });
    void question.ask();
    asked[0]?.answer('first');
    await settled();
    for (let passed = 0; passed < 4000; passed += 200) {
      question.changed(['apps']);
      await vi.advanceTimersByTimeAsync(200);
    }
    expect(asked.length).toBeGreaterThan(1);
  });

  it('is asked again only when something it shows changed', async () => {
    const ask = vi.fn(async () => 'answer');
    const question = living({ ask });
    question.changed(['settings']);
    await vi.advanceTimersByTimeAsync(5000);
    expect(ask).not.toHaveBeenCalled();
    question.changed(['settings', 'apps']);
    await vi.advanceTimersByTimeAsync(5000);
    expect(ask).toHaveBeenCalledTimes(1);
  });

  it('tells hosts apart by their tags', async () => {
    const ask = vi.fn(async () => 'answer');
    const question = living({ ask, tags: () => [{ host: 3 }] });
    question.changed([{ host: 4 }]);
    await vi.advanceTimersByTimeAsync(5000);
    expect(ask).not.toHaveBeenCalled();
    question.changed([{ host: 3 }]);
    await vi.advanceTimersByTimeAsync(5000);
    expect(ask).toHaveBeenCalledTimes(1);
  });

  it('answers a storm of changes a few times, and the last of them for sure', async () => {
    const ask = vi.fn(async () => 'answer');
    const question = living({ ask });
    for (let at = 0; at < 80; at += 1) {
      question.changed(['apps']);
      await vi.advanceTimersByTimeAsync(100);
    }
    expect(ask.mock.calls.length, 'in eight seconds').toBeLessThanOrEqual(5);
    const before = ask.mock.calls.length;
    question.changed(['apps']);
    await vi.advanceTimersByTimeAsync(3000);
    expect(ask.mock.calls.length).toBe(before + 1);
  });

  it('asks nothing while nobody looks, and catches up when somebody does', async () => {
    const ask = vi.fn(async () => 'answer');
    const question = living({ ask });
    hidden = true;
    question.want();
    question.changed(['apps']);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(ask).not.toHaveBeenCalled();
    hidden = false;
    question.seen();
    await settled();
    expect(ask).toHaveBeenCalledTimes(1);
    question.seen();
    await settled();
    expect(ask, 'nothing changed since').toHaveBeenCalledTimes(1);
  });

  it('does not lose a change that comes while an answer is on its way', async () => {
    const { asked, ask } = byHand();
    const question = living({ ask });
    void question.ask();
    question.changed(['apps']);
    asked[0]?.answer('old');
    await vi.advanceTimersByTimeAsync(3000);
    expect(asked).toHaveLength(2);
  });

  it('drops what comes after it was closed', async () => {
    const { asked, ask } = byHand();
    const question = living({ ask });
    void question.ask();
    question.close();
    asked[0]?.answer('late');
    await settled();
    expect(question.answer).toBeNull();
  });

  it('lets another command’s answer stand in, over one that is on its way', async () => {
    const { asked, ask } = byHand();
    const question = living({ ask });
    void question.ask();
    question.replace('saved');
    asked[0]?.answer('stale');
    await settled();
    expect(question.answer).toBe('saved');
    expect(question.loading).toBe(false);
  });

  it('tells the time of whoever answered, and lets it run on', async () => {
    const there = Date.UTC(2030, 0, 1);
    const question = new LiveAnswer<null, { now_ms: number }>({
      request: () => null,
      ask: async () => ({ now_ms: there }),
      tags: () => [],
    });
    await question.ask();
    await vi.advanceTimersByTimeAsync(7000);
    expect(question.now).toBe(there + 7000);
  });

  it('asks nothing without a request', async () => {
    const ask = vi.fn(async () => 'answer');
    const question = living({ ask, request: () => undefined });
    await question.ask();
    expect(ask).not.toHaveBeenCalled();
  });
});
