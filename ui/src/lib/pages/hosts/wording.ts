/** Sentences about hosts, in the language in force. */
import type { CandidateSource, FaultCause, HostRow } from '$lib/bindings';
import type { Tone } from '$lib/components/tone';
import { toneOfHost } from '$lib/components/tone';
import { sentenceOf } from '$lib/format/errors';
import { t } from '$lib/i18n/i18n.svelte';
import type { Sentence } from './address';
import { adviceVariant, type AdviceVariant, type Reached } from './faultAdvice';

/** What is wrong with a field. */
export function textOf({ key, params }: Sentence): string {
  return sentenceOf({ code: 'invalid', key, params: { ...params }, field: null, message: key });
}

/** Name of a fault. */
export function faultTitle(cause: FaultCause): string {
  return t(`faults:${cause}.title`);
}

/** What to do about a fault of a host. */
export function faultAdvice(cause: FaultCause, reached: Reached): string {
  const variant: AdviceVariant = adviceVariant(cause, reached);
  // Not every cause has every variant, so the key is made as text; the test of the advice proves that it exists.
  return t(`faults:${cause}.${variant}` as `faults:refused.advice`);
}

/** Where a host that could be added was found. */
export function sourceName(source: CandidateSource): string {
  return source.kind === 'context'
    ? t('hosts:source.context', { name: source.name })
    : t(`hosts:source.${source.kind}`);
}

/** Shape, colour and word of a host's state. A host that answers but missed its ticks is not well. */
export function stateOf(row: Pick<HostRow, 'connection' | 'stale'>): { tone: Tone; text: string } {
  const { state } = row.connection.state;
  if (state === 'connected' && row.stale) return { tone: 'warn', text: t('common:state.stale') };
  return { tone: toneOfHost(state), text: t(`common:host_state.${state}`) };
}
