import { describe, expect, it } from 'vitest';
import { fixtureBackend } from '$lib/backend/fixture';
import { marksOf } from './scale';

const page = (app: string) => fixtureBackend().call('app', { app, period: 'week' });

describe('the scale of sizes', () => {
  it('holds every known size in proportion, inside the line', async () => {
    const { row, suggestion } = await page('nextcloud');
    const marks = marksOf(row, suggestion);
    expect(marks.map(({ what }) => what)).toEqual(['avg', 'p95', 'peak', 'estimate', 'limit', 'suggested']);
    expect(marks.every(({ at }) => at > 0 && at < 1)).toBe(true);
    const [first, second] = marks;
    expect((first?.at ?? 0) / (second?.at ?? 1)).toBeCloseTo((first?.bytes ?? 0) / (second?.bytes ?? 1), 9);
  });

  it('leaves out what is not known', async () => {
    const { row, suggestion } = await page('jellyfin');
    expect(marksOf(row, suggestion).map(({ what }) => what)).not.toContain('limit');
  });

  it('is empty when nothing was measured', async () => {
    const { row, suggestion } = await page('nextcloud');
    expect(marksOf({ ...row, memory_peak_bytes: null }, suggestion)).toEqual([]);
  });
});
