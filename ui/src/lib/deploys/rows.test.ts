import { describe, expect, it } from 'vitest';
import type { DeployedService, DeployRow } from '$lib/bindings';
import { locale } from '$lib/i18n/i18n.svelte';
import { deployColumns } from './columns';
import { endWords } from './ends';
import { deployAnchor, deployHref, deployOfHash } from './links';
import { digestLines, hasEffect, imageLine, kindLine, outcomeLine, speaksUp, tookMs, wayBack, whatLine } from './rows';

const sha = (letter: string) => `sha256:${letter.repeat(64)}`;
const service: DeployedService = {
  service: 'web',
  container_name: 'shop-web-1',
  image: 'reg.example/shop:1.2.4',
  digest: `reg.example/shop@${sha('a')}`,
  image_id: sha('b'),
  image_created_ms: 0,
  config_hash: null,
};
const usual: DeployRow = {
  id: 12,
  host: 1,
  host_name: 'quay',
  kind: 'update',
  state: 'success',
  started_ms: 1000,
  ended_ms: 43_000,
  services: [service],
  changes: [{ kind: 'image', service: 'web', from: 'reg.example/shop:1.2.3', to: 'reg.example/shop:1.2.4' }],
  fault: null,
  rollback_of: null,
  is_current: false,
  progress: null,
  no_way_back: null,
  repair_waits: false,
};
const running: DeployRow = {
  ...usual,
  state: 'running',
  ended_ms: null,
  progress: { step: 'stop', service: 'web', done_bytes: null, total_bytes: null, can_cancel: false },
};
const failed: DeployRow = {
  ...usual,
  state: 'failed',
  fault: { cause: 'unhealthy', service: 'web', detail: '' },
  no_way_back: { kind: 'not_good' },
};

describe('a row of the ledger', () => {
  it('says how it came to be and what it changed', () => {
    expect(kindLine(usual)).toBe('Update');
    expect(kindLine({ kind: 'rollback', rollback_of: 7 })).toBe('Rollback to number 7');
    expect(whatLine(usual)).toBe('image 1.2.3 → 1.2.4');
    expect(whatLine({ ...usual, services: [service, { ...service, service: 'worker' }] })).toBe(
      'web: image 1.2.3 → 1.2.4',
    );
    const replica = { ...service, container_name: 'shop-web-2' };
    expect(whatLine({ ...usual, services: [service, replica] }), 'a replica is no other service').toBe(
      'image 1.2.3 → 1.2.4',
    );
  });

  it('says something where nothing changed', () => {
    expect(whatLine({ ...usual, kind: 'found', changes: [] })).toBe('reg.example/shop:1.2.4');
    expect(whatLine({ ...usual, changes: [] })).toBe('recreated, with the same images');
  });

  it('says how it ended, or what it is doing', () => {
    expect(outcomeLine(usual)).toBe('Done');
    expect(outcomeLine(running)).toBe('Under way: Stopping the old container');
    expect(outcomeLine(failed)).toBe('Failed: The new container did not become healthy');
  });

  it('took no time where somebody else did it, and none yet while it is under way', () => {
    expect(tookMs(usual)).toBe(42_000);
    expect(tookMs(running)).toBeNull();
    expect(tookMs({ ...usual, kind: 'observed' })).toBeNull();
  });

  it('has its digest to copy, and its image id where it has none', () => {
    expect(imageLine(service)).toBe(`reg.example/shop:1.2.4 ${'a'.repeat(12)}`);
    expect(digestLines([service, { ...service, digest: null }])).toBe(`reg.example/shop@${sha('a')}\n${sha('b')}`);
  });

  it('speaks up by itself while it is under way, and while its repair waits', () => {
    expect([usual, failed].map(speaksUp)).toEqual([false, false]);
    expect(speaksUp(running)).toBe(true);
    expect(speaksUp({ state: 'interrupted', repair_waits: true })).toBe(true);
  });

  it('has a before and after only where something new ran', () => {
    expect(hasEffect(usual)).toBe(true);
    expect(hasEffect(failed)).toBe(false);
    expect(hasEffect({ state: 'success', kind: 'found' })).toBe(false);
  });
});

describe('the way back', () => {
  it('is open to what went well, and closed with a reason to the rest', () => {
    expect(wayBack(usual)).toEqual({ kind: 'open' });
    expect(wayBack({ ...usual, is_current: true, no_way_back: { kind: 'is_current' } })).toEqual({ kind: 'current' });
    expect(wayBack(failed)).toEqual({ kind: 'none', why: { kind: 'not_good' } });
    expect(wayBack({ ...failed, no_way_back: null }), 'whatever the backend says').toEqual({
      kind: 'none',
      why: { kind: 'not_good' },
    });
    expect(wayBack(running)).toEqual({ kind: 'running', canCancel: false });
  });

  it('stays open where the reason may pass: the dialog says it and what to do', () => {
    for (const kind of ['writing_off', 'host_unreachable'] as const) {
      expect(wayBack({ ...usual, no_way_back: { kind } })).toEqual({ kind: 'open' });
    }
    expect(wayBack({ ...usual, no_way_back: { kind: 'busy', deploy: 3 } })).toEqual({ kind: 'open' });
  });
});

describe('the columns', () => {
  it('name the host only where there are several, and are ordered by nothing', () => {
    expect(deployColumns(false).map(({ key }) => key)).not.toContain('host');
    expect(deployColumns(true).map(({ key }) => key)).toContain('host');
    expect(deployColumns(true).every(({ sorts }) => sorts === false)).toBe(true);
  });

  it('export the cause, the digest and the reason why there is no way back', () => {
    const exported = deployColumns(true).map((column) => column.value(failed));
    expect(exported).toContain('Failed: The new container did not become healthy');
    expect(exported).toContain(`reg.example/shop@${sha('a')}`);
    expect(exported).toContain('This deploy did not succeed, so there is nothing to put back from it.');
    expect(exported).toContain('1970-01-01T00:00:01.000Z');
  });
});

describe('the address of a deploy', () => {
  it('leads to its row, whatever the app is called', () => {
    expect(deployHref('a/b', 12)).toBe(`/apps/a%2Fb#${deployAnchor(12)}`);
    expect(deployOfHash('#deploy-12')).toBe(12);
    expect([deployOfHash(''), deployOfHash('#deploy-'), deployOfHash('#deploy-x'), deployOfHash('#other-1')]).toEqual([
      null,
      null,
      null,
      null,
    ]);
  });
});

describe('the end of a deploy', () => {
  it('is one sentence, in every way it can end', () => {
    expect(endWords('Shop', usual)).toBe('Shop was updated on quay.');
    expect(endWords('Shop', { ...usual, kind: 'rollback' })).toBe('Shop was rolled back on quay.');
    expect(endWords('Shop', failed)).toBe(
      'Shop on quay: The new container did not become healthy. What ran before runs again.',
    );
    const cancelled = { ...failed, fault: { cause: 'cancelled', service: null, detail: '' } } as const;
    expect(endWords('Shop', cancelled)).toBe('Shop on quay: cancelled. Nothing was changed.');
    locale.speak('hu');
    expect(endWords('Shop', usual)).toBe('Shop frissítve (gép: quay).');
  });
});
