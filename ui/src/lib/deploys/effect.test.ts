import { describe, expect, it } from 'vitest';
import type { SpanFigures } from '$lib/bindings';
import { changeText, effectLines, figureText, toneOfVerdict } from './effect';

const MIB = 1024 ** 2;
const usual: SpanFigures = {
  range: { from_ms: 0, to_ms: 1 },
  measured_ratio: 1,
  memory_avg_bytes: 200 * MIB,
  memory_p95_bytes: 300 * MIB,
  memory_peak_bytes: 400 * MIB,
  cpu_avg_cores: 0.5,
  errors_per_hour: 1,
  new_issues: 0,
  restarts: 0,
  oom_kills: 0,
};

function line(figure: string, after: Partial<SpanFigures>, before: Partial<SpanFigures> = {}) {
  const lines = effectLines({ before: { ...usual, ...before }, after: { ...usual, ...after } });
  const found = lines.find((own) => own.figure === figure);
  if (!found) throw new Error(`no line ${figure}`);
  return found;
}

describe('before and after', () => {
  it('says of every figure how it went', () => {
    expect(line('memory_avg', { memory_avg_bytes: 280 * MIB }).verdict).toBe('worse');
    expect(line('memory_avg', { memory_avg_bytes: 120 * MIB }).verdict).toBe('better');
    expect(line('memory_avg', {}).verdict).toBe('same');
  });

  it('takes small moves for noise, but never a count of events', () => {
    expect(line('memory_avg', { memory_avg_bytes: 204 * MIB }).verdict).toBe('same');
    expect(line('restarts', { restarts: 101 }, { restarts: 100 }).verdict).toBe('worse');
  });

  it('compares nothing with what was not measured', () => {
    const unread = line('errors', { errors_per_hour: null });
    expect(unread.verdict).toBe('unknown');
    expect(changeText(unread)).toBe('–');
    expect(effectLines({ before: null, after: null })).toEqual([]);
  });

  it('tells a change as a value and as a share, where there is something to take it of', () => {
    expect(changeText(line('memory_avg', { memory_avg_bytes: 280 * MIB }))).toBe('+80 MiB (+40%)');
    expect(changeText(line('cpu', { cpu_avg_cores: 0.25 }))).toBe('−0.25 (−50%)');
    expect(changeText(line('cpu', { cpu_avg_cores: 0.496 }))).toBe('−0.8%');
    expect(changeText(line('new_issues', { new_issues: 2 }))).toBe('+2');
    expect(changeText(line('errors', { errors_per_hour: 3 }, { errors_per_hour: 0 }))).toBe('+3');
    expect(changeText(line('errors', { errors_per_hour: 18 }))).toBe('+17 (×18)');
  });

  it('says it by shape too, and not by colour alone', () => {
    expect(toneOfVerdict('worse')).not.toBe(toneOfVerdict('better'));
    expect(figureText('errors', 0.84)).toBe('0.8');
    expect(figureText('errors', null)).toBe('–');
  });
});
