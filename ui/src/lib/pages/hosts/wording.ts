/** Sentences about hosts, in the language in force. */
import type { CandidateSource, FaultCause, HostRow } from '$lib/bindings';
import type { Tone } from '$lib/components/tone';
import { toneOfHost } from '$lib/components/tone';
import { sentenceOf } from '$lib/format/errors';
import { numberFormat } from '$lib/format/numbers';
import { t } from '$lib/i18n/i18n.svelte';
import type { Sentence } from './address';
import { adviceVariant, type AdviceVariant, type Reached } from './faultAdvice';

const UNITS = { s: 'second', h: 'hour', d: 'day' } as const;

/** The name of a unit as it stands after `value`: `seconds`, `days`. `unit` is `s`, `h` or `d`. */
export function unitName(unit: keyof typeof UNITS, value: number): string {
  const format = numberFormat({ style: 'unit', unit: UNITS[unit], unitDisplay: 'long' });
  return format.formatToParts(value).find((part) => part.type === 'unit')?.value ?? unit;
}

/** `15 seconds`, `90 days`. */
export function formatWithUnit(value: number, unit: keyof typeof UNITS): string {
  return numberFormat({ style: 'unit', unit: UNITS[unit], unitDisplay: 'long' }).format(value);
}

/** What is wrong with a field. */
export function textOf(sentence: Sentence): string {
  const params = { ...sentence.params };
  if (isUnit(params.unit)) params.unit = unitName(params.unit, Number(params.max));
  return sentenceOf({ code: 'invalid', key: sentence.key, params, field: null, message: sentence.key });
}

function isUnit(text: string | undefined): text is keyof typeof UNITS {
  return text !== undefined && Object.hasOwn(UNITS, text);
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
