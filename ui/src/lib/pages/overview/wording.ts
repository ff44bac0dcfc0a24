/** The overview's sentences: what is wrong, and what changed. */
import type { AppTrouble, ChangeKind, FaultCause } from '$lib/bindings';
import type { Tone } from '$lib/components/tone';
import { formatBytes } from '$lib/format/bytes';
import { shortImages } from '$lib/format/images';
import { t } from '$lib/i18n/i18n.svelte';
import { appHref, issuesHref } from '$lib/period/links';

/** Name of a cause. */
export function causeTitle(cause: FaultCause): string {
  return t(`faults:${cause}.title`);
}

/** What is wrong with an app, in words. */
export function troubleSentence(trouble: AppTrouble): string {
  return t(`overview:trouble.${trouble.kind}`, { count: trouble.count });
}

/** The numbers behind a trouble, where there are any. */
export function troubleFigures(trouble: AppTrouble): string {
  const { memory_bytes, limit_bytes } = trouble;
  if (memory_bytes !== null && limit_bytes !== null) {
    return t('overview:trouble.memory', { used: formatBytes(memory_bytes), limit: formatBytes(limit_bytes) });
  }
  if (limit_bytes !== null) return t('overview:trouble.limit', { limit: formatBytes(limit_bytes) });
  return memory_bytes === null ? '' : formatBytes(memory_bytes);
}

/** Where a trouble is told in full: issues on their page, everything else on the app's. */
export function troubleHref({ kind, app, host }: AppTrouble): string {
  if (kind === 'regressed') return issuesHref({ app, host, state: 'regressed' });
  return kind === 'new_issues' ? issuesHref({ app, host, state: 'new' }) : appHref(app);
}

/** How bad a trouble is. */
export function toneOfTrouble(kind: AppTrouble['kind']): Tone {
  const tones = {
    oom_killed: 'danger',
    over_limit: 'danger',
    unhealthy: 'danger',
    regressed: 'danger',
    restarting: 'warn',
    new_issues: 'warn',
    near_limit: 'warn',
    exited: 'warn',
  } as const;
  return tones[kind];
}

/** What changed, in words. */
export function changeSentence(change: ChangeKind): string {
  switch (change.kind) {
    case 'container_stopped':
      return change.exit_code === null
        ? t('overview:changes.container_stopped')
        : t('overview:changes.container_stopped_code', { code: change.exit_code });
    case 'health_changed':
      return t(change.healthy ? 'overview:changes.healthy' : 'overview:changes.unhealthy');
    case 'image_changed': {
      const [from, to] = shortImages(change.from, change.to);
      return t('overview:changes.image_changed', { from, to });
    }
    case 'limit_changed':
      return t('overview:changes.limit_changed', {
        from: limitWords(change.from_bytes),
        to: limitWords(change.to_bytes),
      });
    case 'host_lost':
      return t('overview:changes.host_lost', { cause: causeTitle(change.cause) });
    default:
      return t(`overview:changes.${change.kind}`);
  }
}

/** How bad a change is. */
export function toneOfChange(change: ChangeKind): Tone {
  switch (change.kind) {
    case 'oom_killed':
    case 'host_lost':
      return 'danger';
    case 'restarted':
      return 'warn';
    case 'container_stopped':
      return change.exit_code ? 'warn' : 'idle';
    case 'health_changed':
      return change.healthy ? 'ok' : 'danger';
    case 'host_connected':
    case 'container_started':
      return 'ok';
    default:
      return 'idle';
  }
}

function limitWords(bytes: number | null): string {
  return bytes === null ? t('common:state.unlimited') : formatBytes(bytes);
}
