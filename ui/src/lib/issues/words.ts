/** Issues in words: what they are, what was said of them, and where they were seen. */
import type {
  ContainerGeneration,
  IssueRow,
  IssueSeverity,
  IssueState,
  LogScan,
  LogScanState,
  Regression,
} from '$lib/bindings';
import type { Tone } from '$lib/components/tone';
import { shortDigest } from '$lib/format/images';
import { formatCount } from '$lib/format/numbers';
import { formatMinute } from '$lib/format/times';
import { t } from '$lib/i18n/i18n.svelte';

/** Tone of a severity. */
export function toneOfSeverity(severity: IssueSeverity): Tone {
  return severity === 'error' ? 'danger' : 'warn';
}

/** The state in words, with how long it is ignored: `Ignored until it changes`. */
export function stateSentence(state: IssueState): string {
  const word = t(`issues:state.${state.state}`);
  if (state.state !== 'ignored') return word;
  const until =
    state.until === 'moment'
      ? t('issues:until.moment', { moment: formatMinute(state.at_ms) })
      : t(`issues:until.${state.until}`);
  return `${word} ${until}`;
}

/** A mark beside an issue: a word, how bad it is, and a sentence about it. */
export interface Mark {
  text: string;
  tone: Tone;
  title: string;
}

/** What is worth saying of an open issue beside that it is open; of another, its state. */
export function marksOf(row: Pick<IssueRow, 'state' | 'is_new' | 'regressed'>): Mark[] {
  const { state } = row.state;
  if (state !== 'open') {
    return [
      {
        text: t(`issues:state.${state}`),
        tone: state === 'resolved' ? 'ok' : 'idle',
        title: stateSentence(row.state),
      },
    ];
  }
  const marks: Mark[] = [];
  if (row.regressed) {
    const title = t('issues:mark.regressed_hint', { host: row.regressed.host_name });
    marks.push({ text: t('issues:mark.regressed'), tone: 'danger', title });
  }
  if (row.is_new) marks.push({ text: t('issues:mark.new'), tone: 'busy', title: t('issues:mark.new_hint') });
  return marks;
}

/** Which container of its name, made when, of which image. */
export function generationSentence(of: ContainerGeneration): string {
  return t('issues:generation', {
    container: of.engine_id.slice(0, 12),
    created: formatMinute(of.created_at_ms),
    image: shortDigest(of.image_id),
  });
}

/** What is another where an issue came back than when it was last seen there; nothing where that was not kept. */
export function changeSentence({ generation, change }: Regression): string | undefined {
  if (generation === null) return undefined;
  const which = generationSentence(generation);
  return change === null ? which : `${t(`issues:changed.${change}`)} ${which}`;
}

/** The marks as one text; an open issue without any is simply open. */
export function marksSentence(row: Pick<IssueRow, 'state' | 'is_new' | 'regressed'>): string {
  if (row.state.state !== 'open') return stateSentence(row.state);
  return (
    marksOf(row)
      .map(({ text }) => text)
      .join(', ') || t('issues:state.open')
  );
}

/** A count that may be higher: `≥ 1,204`. */
export function atLeastCount(count: number | null): string {
  return count === null ? formatCount(count) : `≥\u00a0${formatCount(count)}`;
}

/** How often it happened, as far as its lines could be read. */
export function occurrences(row: Pick<IssueRow, 'count' | 'lines_lost_until_ms'>): string {
  return row.lines_lost_until_ms === null ? formatCount(row.count) : atLeastCount(row.count);
}

/** Why the count may be too low; nothing when it is exact. */
export function lossSentence({ lines_lost_until_ms: lost }: Pick<IssueRow, 'lines_lost_until_ms'>): string | undefined {
  return lost === null ? undefined : t('issues:lost', { moment: formatMinute(lost) });
}

/** Where it was seen: `3 hosts, 5 containers`. */
export function spreadSentence({ hosts, containers }: Pick<IssueRow, 'hosts' | 'containers'>): string {
  return `${t('issues:hosts', { count: hosts })}, ${t('issues:containers', { count: containers })}`;
}

/** A day, a time of day and a zone as logs begin with, in brackets or without. */
const TIME_BEFORE = new RegExp(
  [
    String.raw`^\s*[[(]?`,
    String.raw`(?:\p{L}{3} +\d{1,2} |\d{4}[-/]\d{1,2}[-/]\d{1,2}[T ]|\d{1,2}/\d{1,2}/\d{2,4},? )`,
    String.raw`\d{1,2}:\d{1,2}:\d{1,2}(?:[.,]\d{1,9})?(?: ?[AP]M)?(?:Z| ?[+-]\d{2}:?\d{2}| UTC)?`,
    String.raw`[\])]?[\s:|-]*`,
  ].join(''),
  'u',
);

/** The time a message begins with, and the rest: in a list there is no room for when one of its events was printed. */
export function splitTime(message: string): [time: string, rest: string] {
  const time = TIME_BEFORE.exec(message)?.[0] ?? '';
  return time.length < message.length ? [time, message.slice(time.length)] : ['', message];
}

/** The beginning of a message: enough to call an issue by. */
export function shortMessage(message: string): string {
  const most = 80;
  const [, rest] = splitTime(message);
  return rest.length <= most ? rest : `${rest.slice(0, most - 1).trimEnd()}…`;
}

/** Tone of how far a log was read. */
export function toneOfScan(state: LogScanState): Tone {
  const tones = {
    ok: 'ok',
    behind: 'busy',
    truncated: 'warn',
    timeout: 'warn',
    unreadable: 'danger',
    no_logs: 'idle',
  } as const;
  return tones[state];
}

/** How far a log was read, for ordering: the worst is the highest, what was never looked at is not measured. */
export function rankOfScan(scan: LogScan | null): number | null {
  const ranks = { ok: 0, no_logs: 1, behind: 2, timeout: 3, truncated: 4, unreadable: 5 } as const;
  return scan === null ? null : ranks[scan.state];
}

/** How far a log was read, in a word or two. */
export function scanWord(scan: LogScan | null): string {
  return t(scan === null ? 'issues:scan.not_yet' : `issues:scan.state.${scan.state}`);
}
