import { describe, expect, it } from 'vitest';
import { type Backend, CommandFailed } from '$lib/backend/backend';
import type { Settings, SettingsPage } from '$lib/bindings';
import { rangeOf } from './ranges';
import { SettingsForm } from './settingsForm.svelte';

const START: Settings = {
  tick_interval_s: 15,
  log_pass_s: 60,
  log_look_back_h: 24,
  samples_retention_h: 48,
  reports_retention_days: 90,
  daily_retention_days: 730,
  issues_retention_days: 30,
  language: 'system',
  theme: 'system',
  on_close: 'tray',
  start_at_login: false,
  protected: [],
};

/** A store of settings that refuses what `refuses` says. */
function open(refuses: (settings: Settings) => boolean = () => false) {
  let inForce = START;
  const stored: Settings[] = [];
  const backend = {
    call: async (_name: string, request: Settings) => {
      await Promise.resolve();
      if (refuses(request)) {
        throw new CommandFailed({
          code: 'invalid',
          key: 'error.list.too_long',
          params: { count: '501', max: '500' },
          field: 'protected',
          message: '',
        });
      }
      stored.push(request);
      return { settings: request } as SettingsPage;
    },
  } as unknown as Backend;
  const form = new SettingsForm(
    backend,
    () => inForce,
    (page) => (inForce = page.settings),
  );
  return { form, stored, inForce: () => inForce };
}

describe('a setting', () => {
  it('that is chosen applies at once and says so', async () => {
    const { form, stored } = open();
    await form.apply('theme', 'light');
    expect(stored).toEqual([{ ...START, theme: 'light' }]);
    expect(form.saved).toBe('theme');
    form.close();
  });

  it('changed while another is stored keeps both', async () => {
    const { form, inForce } = open();
    await Promise.all([form.apply('theme', 'dark'), form.apply('language', 'hu'), form.apply('on_close', 'quit')]);
    expect(inForce()).toEqual({ ...START, theme: 'dark', language: 'hu', on_close: 'quit' });
    form.close();
  });

  it('that is refused is not stored, and says why under itself', async () => {
    const { form, stored } = open((settings) => settings.protected.length > 0);
    expect(await form.apply('protected', ['x'])).toBe(false);
    expect(stored).toEqual([]);
    expect(form.errorOf('protected')?.key).toBe('error.list.too_long');
    expect(form.saved).toBeNull();
  });
});

describe('a number', () => {
  it('complains while it is typed and is not stored when left', async () => {
    const { form, stored } = open();
    form.type('tick_interval_s', '4');
    expect(form.errorOf('tick_interval_s')).toEqual({
      key: 'error.number.out_of_range',
      params: { value: '4', min: '5', max: '300', unit: 's' },
    });
    await form.commit('tick_interval_s');
    expect(stored).toEqual([]);
    expect(form.textOf('tick_interval_s'), 'what was typed stays').toBe('4');
  });

  it('that is allowed applies when left', async () => {
    const { form, stored } = open();
    form.type('tick_interval_s', '30');
    expect(stored, 'not while typing').toEqual([]);
    await form.commit('tick_interval_s');
    expect(stored.map((settings) => settings.tick_interval_s)).toEqual([30]);
    form.close();
  });

  it('that shortens what is kept waits for a word', async () => {
    const { form, stored } = open();
    form.type('reports_retention_days', '30');
    await form.commit('reports_retention_days');
    expect(stored).toEqual([]);
    expect(form.lowering).toEqual({ field: 'reports_retention_days', from: 90, to: 30 });
    await form.confirmLowering();
    expect(stored.map((settings) => settings.reports_retention_days)).toEqual([30]);
    form.close();
  });

  it('that only reads less of a log loses nothing, and asks nothing', async () => {
    const { form, stored } = open();
    form.type('log_look_back_h', '0');
    await form.commit('log_look_back_h');
    expect(stored.map((settings) => settings.log_look_back_h)).toEqual([0]);
    form.close();
  });

  it('can be put back', async () => {
    const { form, stored } = open();
    form.type('samples_retention_h', '12');
    await form.commit('samples_retention_h');
    form.putBack('samples_retention_h');
    expect(form.lowering).toBeNull();
    expect(form.textOf('samples_retention_h')).toBe('48');
    expect(stored).toEqual([]);
  });
});

describe('ranges', () => {
  it('keep daily aggregates as long as the reports they are made from', () => {
    expect(rangeOf('daily_retention_days', START)).toEqual({ min: 90, max: 3650 });
    expect(rangeOf('reports_retention_days', { ...START, daily_retention_days: 120 })).toEqual({ min: 7, max: 120 });
    expect(rangeOf('tick_interval_s', START)).toEqual({ min: 5, max: 300 });
    expect(rangeOf('log_pass_s', START)).toEqual({ min: 10, max: 3600 });
    expect(rangeOf('log_look_back_h', START)).toEqual({ min: 0, max: 168 });
  });
});
