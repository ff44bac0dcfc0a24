/** Deploys in words: what they changed, how they ended, and why something cannot be done. Never a value of a variable. */
import type {
  ConfigPart,
  DeployCause,
  DeployChange,
  DeployKind,
  DeployRefusal,
  DeployState,
  DeployStep,
} from '$lib/bindings';
import type { Tone } from '$lib/components/tone';
import { formatBytes } from '$lib/format/bytes';
import { shortDigest, shortImage, shortImages, versionOf } from '$lib/format/images';
import { t } from '$lib/i18n/i18n.svelte';

/** Names of variables or labels told before the rest is only counted. */
export const NAMES_TOLD = 3;

/** How a line of changes is told. */
export interface LineOptions {
  /** Each change says its service; without it only where there are changes of several. */
  services?: boolean;
  /** Names of variables or labels told of each change. */
  names?: number;
}

/** One change, without its service: `image 1.2.3 → 1.2.4`, `1 variable changed: NAME`. */
export function changeWords(change: DeployChange, names: number = NAMES_TOLD): string {
  switch (change.kind) {
    case 'service_added':
    case 'service_removed':
      return t(`deploys:change.${change.kind}`, { service: change.service, image: shortImage(change.image) });
    case 'image': {
      const [from, to] = shortImages(change.from, change.to);
      return t('deploys:change.image', { from, to });
    }
    case 'image_content':
      return t('deploys:change.image_content', {
        version: versionOf(change.image),
        from: shortDigest(change.from),
        to: shortDigest(change.to),
      });
    case 'memory_limit':
      return t('deploys:change.memory_limit', {
        from: bytesOrUnlimited(change.from_bytes),
        to: bytesOrUnlimited(change.to_bytes),
      });
    case 'cpu_limit':
      return t('deploys:change.cpu_limit', {
        from: coresOrUnlimited(change.from_cores),
        to: coresOrUnlimited(change.to_cores),
      });
    case 'env':
    case 'labels':
      return (['added', 'removed', 'changed'] as const)
        .filter((how) => change[how].length > 0)
        .map((how) =>
          t(`deploys:change.${change.kind}.${how}`, {
            count: change[how].length,
            names: namesWords(change[how], names),
          }),
        )
        .join(', ');
    case 'part':
      return partWords(partName(change.part), change.from, change.to);
  }
}

/** All changes in one line: by service where there are several, `web: image 1 → 2; worker: memory limit …`. */
export function changesLine(changes: readonly DeployChange[], { services = false, names }: LineOptions = {}): string {
  const told = (some: readonly DeployChange[]) => some.map((change) => changeWords(change, names)).join(', ');
  // A service that came or went is called by its name already.
  const named = changes.filter((change) => change.kind !== 'service_added' && change.kind !== 'service_removed');
  const kept = [...new Set(named.map((change) => change.service))];
  if (!services && kept.length <= 1) return told(changes);
  const lines = kept.map((service) =>
    t('deploys:of_service', { service, changes: told(named.filter((change) => change.service === service)) }),
  );
  const others = told(changes.filter(({ kind }) => kind === 'service_added' || kind === 'service_removed'));
  return [...lines, ...(others ? [others] : [])].join('; ');
}

/** Name of a setting, as it stands within a sentence. */
export function partName(part: ConfigPart): string {
  return t(`deploys:part.${part}`);
}

/** How a deploy came to be. */
export function kindWord(kind: DeployKind): string {
  return t(`deploys:kind.${kind}`);
}

/** How far a deploy is. */
export function stateWord(state: DeployState): string {
  return t(`deploys:state.${state}`);
}

/** Shape and colour of how far a deploy is. */
export function toneOfState(state: DeployState): Tone {
  const tones = { running: 'busy', success: 'ok', failed: 'danger', interrupted: 'warn' } as const;
  return tones[state];
}

/** What a deploy under way is doing. */
export function stepWords(step: DeployStep): string {
  return t(`deploys:step.${step}`);
}

/** Why a deploy failed. */
export function causeTitle(cause: DeployCause): string {
  return t(`deploys:cause.${cause}.title`);
}

/** What to try after a deploy failed. */
export function causeAdvice(cause: DeployCause): string {
  return t(`deploys:cause.${cause}.advice`);
}

/** Why something cannot be done, in a sentence. */
export function refusalWords(refusal: DeployRefusal): string {
  const { kind, ...rest } = refusal;
  const values = 'services' in rest ? { services: rest.services.join(', ') } : rest;
  return t(`deploys:refusal.${kind}.why`, values);
}

/** What to do about it, in a sentence. */
export function refusalAdvice(refusal: DeployRefusal): string {
  return t(`deploys:refusal.${refusal.kind}.try`);
}

function partWords(part: string, from: string | null, to: string | null): string {
  if (from !== null && to !== null) return t('deploys:change.part_from_to', { part, from, to });
  if (to !== null) return t('deploys:change.part_set', { part, to });
  return from === null ? t('deploys:change.part', { part }) : t('deploys:change.part_gone', { part, from });
}

function namesWords(names: readonly string[], most: number): string {
  const told = names.slice(0, most).join(', ');
  const left = names.length - most;
  return left > 0 ? t('deploys:names_more', { names: told, count: left }) : told;
}

function bytesOrUnlimited(bytes: number | null): string {
  return bytes === null ? t('deploys:change.unlimited') : formatBytes(bytes);
}

function coresOrUnlimited(cores: number | null): string {
  return cores === null ? t('deploys:change.unlimited') : t('deploys:cores', { count: cores });
}
