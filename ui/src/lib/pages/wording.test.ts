import { describe, expect, it } from 'vitest';
import { fitSentence, toneOfFit } from '$lib/sizing/fit';
import { badness } from './app/deploymentColumns';
import { growth } from './apps/columns';
import { changeSentence, troubleFigures } from './overview/wording';

describe('the fit of an estimate', () => {
  it('says how many times over or under it is', () => {
    expect(fitSentence(1 / 3)).toBe('over-estimated ×3');
    expect(fitSentence(1.4)).toBe('under-estimated ×1.4');
    expect(fitSentence(1.02)).toBe('as estimated');
  });

  it('says nothing where nothing is known', () => {
    expect(fitSentence(null)).toBeNull();
    expect(toneOfFit(null)).toBe('idle');
  });

  it('takes too little for worse than too much', () => {
    expect(toneOfFit(1.5)).toBe('danger');
    expect(toneOfFit(0.3)).toBe('warn');
    expect(toneOfFit(0.8)).toBe('ok');
  });
});

describe('the worst deployment', () => {
  const row = (accuracy: 'over' | 'fitting' | 'roomy' | 'unknown', p95: number | null) =>
    badness({ accuracy, memory_p95_bytes: p95 } as Parameters<typeof badness>[0]);

  it('is the one over its limit, then the one that needs most', () => {
    const tib = 1024 ** 4;
    expect(row('over', 1)).toBeGreaterThan(row('fitting', tib));
    expect(row('fitting', 2)).toBeGreaterThan(row('fitting', 1));
    expect(row('roomy', null)).toBeGreaterThan(row('unknown', tib));
  });
});

describe('sentences of the overview', () => {
  it('say no exit code where none is known, and zero where it is zero', () => {
    expect(changeSentence({ kind: 'container_stopped', exit_code: null })).toBe('stopped');
    expect(changeSentence({ kind: 'container_stopped', exit_code: 0 })).toBe('stopped with exit code 0');
  });

  it('call a missing limit unlimited', () => {
    expect(changeSentence({ kind: 'limit_changed', from_bytes: null, to_bytes: 1024 ** 3 })).toBe(
      'limit Unlimited → 1 GiB',
    );
  });

  it('show only the numbers there are', () => {
    const trouble = { app: 'a', display_name: 'a', host: 1, host_name: 'h', kind: 'near_limit', count: 1 } as const;
    expect(troubleFigures({ ...trouble, memory_bytes: null, limit_bytes: null })).toBe('');
    expect(troubleFigures({ ...trouble, memory_bytes: 1024, limit_bytes: null })).toBe('1 KiB');
    expect(troubleFigures({ ...trouble, memory_bytes: 1024, limit_bytes: 2048 })).toBe('1 KiB of 2 KiB');
  });
});

describe('the growth of a trend', () => {
  it('is taken from what was measured', () => {
    expect(growth([null, 100, 50, 200, null])).toBe(2);
    expect(growth([null, null])).toBeNull();
  });
});
