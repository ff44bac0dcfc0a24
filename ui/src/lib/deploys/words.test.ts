import { describe, expect, it } from 'vitest';
import type { DeployChange } from '$lib/bindings';
import { locale } from '$lib/i18n/i18n.svelte';
import { changesLine, changeWords, refusalAdvice, refusalWords } from './words';

const MIB = 1024 ** 2;
const image: DeployChange = { kind: 'image', service: 'web', from: 'shop:1.2.3', to: 'shop:1.2.4' };
const memory: DeployChange = {
  kind: 'memory_limit',
  service: 'web',
  from_bytes: 256 * MIB,
  to_bytes: 512 * MIB,
};
const env = (rest: Partial<Extract<DeployChange, { kind: 'env' }>>): DeployChange => ({
  kind: 'env',
  service: 'web',
  added: [],
  removed: [],
  changed: [],
  ...rest,
});

describe('a change in words', () => {
  it('is one line of what was changed, with names and no values', () => {
    expect(changesLine([image, memory, env({ changed: ['NAME'] })])).toBe(
      'image 1.2.3 → 1.2.4, memory limit 256 MiB → 512 MiB, 1 variable changed: NAME',
    );
  });

  it('calls an image by what differs, and whole where its name does', () => {
    expect(changeWords({ ...image, to: 'store:1.2.4' })).toBe('image shop:1.2.3 → store:1.2.4');
    const digest = (letter: string) => `shop@sha256:${letter.repeat(64)}`;
    expect(
      changeWords({ kind: 'image_content', service: 'web', image: 'shop:1', from: digest('a'), to: digest('b') }),
    ).toBe('image 1 with other contents, aaaaaaaaaaaa → bbbbbbbbbbbb');
  });

  it('calls a missing limit unlimited', () => {
    expect(changeWords({ ...memory, from_bytes: null })).toBe('memory limit unlimited → 512 MiB');
    expect(changeWords({ kind: 'cpu_limit', service: 'web', from_cores: 0.5, to_cores: 1 })).toBe(
      'CPU limit 0.5 cores → 1 core',
    );
  });

  it('counts what there is no room for', () => {
    expect(changeWords(env({ added: ['A', 'B', 'C', 'D', 'E'], removed: ['F'] }))).toBe(
      '5 variables added: A, B, C and 2 more, 1 variable removed: F',
    );
    expect(changeWords(env({ added: ['A', 'B', 'C', 'D'] }), 10)).toBe('4 variables added: A, B, C, D');
  });

  it('tells a setting as far as it may be shown', () => {
    const part = { kind: 'part', service: 'web', part: 'ports' } as const;
    expect(changeWords({ ...part, from: '80', to: '81' })).toBe('ports 80 → 81');
    expect(changeWords({ ...part, from: null, to: '81' })).toBe('ports set: 81');
    expect(changeWords({ ...part, from: '80', to: null })).toBe('ports removed: 80');
    expect(changeWords({ ...part, part: 'command', from: null, to: null })).toBe('command changed');
  });

  it('says the service where there are several', () => {
    const worker: DeployChange = { ...memory, service: 'worker' };
    const gone: DeployChange = { kind: 'service_removed', service: 'cron', image: 'shop:1' };
    expect(changesLine([image, worker, gone])).toBe(
      'web: image 1.2.3 → 1.2.4; worker: memory limit 256 MiB → 512 MiB; service cron removed (shop:1)',
    );
    expect(changesLine([image], { services: true })).toBe('web: image 1.2.3 → 1.2.4');
    expect(changesLine([])).toBe('');
  });

  it('counts by the rules of the language', () => {
    locale.speak('ru');
    expect(changeWords(env({ changed: ['A', 'B'] }))).toBe('изменены 2 переменные: A, B');
    locale.speak('hu');
    expect(changesLine([image, memory])).toBe('lemezkép: 1.2.3 → 1.2.4, memórialimit: 256 MiB → 512 MiB');
  });
});

describe('a refusal in words', () => {
  it('is a sentence that names what it is about, and another of what to do', () => {
    expect(refusalWords({ kind: 'services_differ', services: ['web', 'worker'] })).toBe(
      'The services that run now are not the ones of that deploy: web, worker.',
    );
    expect(refusalWords({ kind: 'busy', deploy: 12 })).toContain('number 12');
    expect(refusalAdvice({ kind: 'auto_remove', container: 'shop-1' })).toContain('--rm');
  });
});
