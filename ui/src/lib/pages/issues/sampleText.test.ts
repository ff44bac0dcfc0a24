import { describe, expect, it } from 'vitest';
import type { IssueSample } from '$lib/bindings';
import { shortened, textOfSamples } from './sampleText';

const lines = (count: number) => Array.from({ length: count }, (_, at) => `line ${at}`);

describe('an event', () => {
  it('is shown whole when it is short, or nearly', () => {
    expect(shortened(lines(4), 4)).toEqual({ lines: lines(4), cut: false });
    expect(shortened(lines(6), 4).cut, 'a button for two lines').toBe(false);
  });

  it('is cut after its first lines', () => {
    const { lines: shown, cut } = shortened(lines(40), 4);
    expect(shown).toEqual(lines(4));
    expect(cut).toBe(true);
  });

  it('is cut within a line of endless length, and tears no sign apart', () => {
    const { lines: shown, cut } = shortened(['😀'.repeat(100_000)], 4);
    expect(cut).toBe(true);
    expect(shown[0]?.length).toBeLessThan(6000);
    expect(shown[0]?.isWellFormed()).toBe(true);
  });

  it('is copied with when and where it was printed', () => {
    const sample: IssueSample = {
      at_ms: 0,
      host: 1,
      host_name: 'quay',
      container_name: 'db',
      stream: 'stderr',
      lines: ['ERROR: x', '\tat y'],
      lines_total: 2,
    };
    expect(textOfSamples([sample, sample]).split('\n')).toEqual([
      '# 1970-01-01T00:00:00.000Z quay db stderr',
      'ERROR: x',
      '\tat y',
      '',
      '# 1970-01-01T00:00:00.000Z quay db stderr',
      'ERROR: x',
      '\tat y',
    ]);
  });
});
