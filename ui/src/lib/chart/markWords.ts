/** Marks in words. */
import type { Mark, MarkKind } from '$lib/bindings';
import { changesLine } from '$lib/deploys/words';
import { formatMoment } from '$lib/format/times';
import { t } from '$lib/i18n/i18n.svelte';
import { shortMessage } from '$lib/issues/words';
import { issueHref } from '$lib/period/links';
import type { Spot } from './marks';

/** What happened, in a few words: `Update failed`, `Killed for memory`. */
export function markTitle(mark: MarkKind): string {
  switch (mark.kind) {
    case 'deploy':
      // What was only found or seen has no course: it was done when we saw it.
      return mark.how === 'found' || mark.how === 'observed'
        ? t(`metrics:mark.${mark.how}`)
        : t(`metrics:mark.${mark.how}.${mark.state}`);
    case 'exit':
      return t('metrics:mark.exit', { code: mark.code });
    case 'health':
      return t(mark.healthy ? 'metrics:mark.healthy' : 'metrics:mark.unhealthy');
    default:
      return t(`metrics:mark.${mark.kind}`);
  }
}

/** What it was about: what a deploy changed, or the message of an issue. */
export function markDetail(mark: MarkKind): string {
  if (mark.kind === 'deploy') return changesLine(mark.changes);
  return mark.kind === 'new_issue' || mark.kind === 'regressed_issue' ? shortMessage(mark.message) : '';
}

/** When and where: `14 Mar 2026, 09:41:20 · capstan · nextcloud-app-1`. */
export function markPlace({ at_ms, host_name, container_name }: Mark): string {
  return [formatMoment(at_ms), host_name, container_name ?? ''].filter(Boolean).join(' · ');
}

/** All of it in one sentence, for who cannot see it. */
export function markSentence(mark: Mark): string {
  const often = mark.count > 1 ? t('metrics:mark.times', { count: mark.count }) : '';
  return [[markTitle(mark.mark), often].filter(Boolean).join(' '), markPlace(mark), markDetail(mark.mark)]
    .filter(Boolean)
    .join('. ');
}

/** A spot in one sentence: its mark, or how many there are and the weightiest. */
export function spotSentence({ marks, first, count }: Spot): string {
  if (marks.length === 1) return markSentence(first);
  return `${t('metrics:marks.gathered', { count })}: ${markSentence(first)}`;
}

/** Where the mark leads: a deploy to its row on the same page, an issue to its page. */
export function markHref(mark: MarkKind): string | null {
  if (mark.kind === 'deploy') return `#deploy-${mark.deploy}`;
  return mark.kind === 'new_issue' || mark.kind === 'regressed_issue' ? issueHref(mark.issue) : null;
}
