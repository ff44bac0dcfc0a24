import { describe, expect, it, vi } from 'vitest';
import { sparkPath } from './sparkPath';
import { Toasts } from './toasts.svelte';
import { toneOfContainer } from './tone';

describe('a sparkline', () => {
  it('lifts the pen over what was not measured', () => {
    const path = sparkPath([1, 2, null, 3, 4], 100, 20);
    expect(path.match(/M/g)).toHaveLength(2);
    expect(path.match(/L/g)).toHaveLength(2);
  });

  it('shows a single value as a dot, and nothing as nothing', () => {
    expect(sparkPath([null, 5, null], 100, 20)).toContain('h0.01');
    expect(sparkPath([null, null], 100, 20)).toBe('');
    expect(sparkPath([], 100, 20)).toBe('');
  });

  it('stays inside its box', () => {
    const heights = [...sparkPath([0, 5, 100, 3], 100, 20).matchAll(/[ML][\d.]+ ([\d.-]+)/g)].map(([, y]) => Number(y));
    expect(Math.min(...heights)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...heights)).toBeLessThanOrEqual(20);
  });

  it('does not blow a quiet line up to its full height', () => {
    const heights = [...sparkPath([1000, 1001, 1000], 100, 20).matchAll(/[ML][\d.]+ ([\d.-]+)/g)].map(([, y]) =>
      Number(y),
    );
    expect(Math.max(...heights) - Math.min(...heights)).toBeLessThan(1);
  });
});

describe('messages', () => {
  it('go by themselves, later when something can be undone', () => {
    vi.useFakeTimers();
    const toasts = new Toasts();
    toasts.say('saved');
    toasts.say('removed', 'ok', { label: 'Undo', run: () => undefined });
    vi.advanceTimersByTime(7000);
    expect(toasts.shown.map(({ text }) => text)).toEqual(['removed']);
    vi.advanceTimersByTime(7000);
    expect(toasts.shown).toEqual([]);
    vi.useRealTimers();
  });

  it('stay while they are pointed at', () => {
    vi.useFakeTimers();
    const toasts = new Toasts();
    toasts.say('removed');
    toasts.hold(toasts.shown[0]?.id ?? 0);
    vi.advanceTimersByTime(60_000);
    expect(toasts.shown).toHaveLength(1);
    vi.useRealTimers();
  });

  it('never fill the window', () => {
    const toasts = new Toasts();
    for (let at = 0; at < 50; at += 1) toasts.say(`message ${at}`);
    expect(toasts.shown.length).toBeLessThanOrEqual(4);
    expect(toasts.shown.at(-1)?.text).toBe('message 49');
  });
});

describe('the tone of a container', () => {
  const of = (rest: Partial<Parameters<typeof toneOfContainer>[0]>) =>
    toneOfContainer({ state: 'running', health: null, exit_code: null, oom_killed: false, ...rest });

  it('is bad when it runs and is not well', () => {
    expect(of({})).toBe('ok');
    expect(of({ health: 'unhealthy' })).toBe('danger');
    expect(of({ health: 'starting' })).toBe('busy');
  });

  it('is bad when it was killed, and only noted when it ended well', () => {
    expect(of({ state: 'exited', exit_code: 0 })).toBe('idle');
    expect(of({ state: 'exited', exit_code: 1 })).toBe('warn');
    expect(of({ state: 'exited', exit_code: 137, oom_killed: true })).toBe('danger');
    expect(of({ state: 'restarting' })).toBe('danger');
  });
});
