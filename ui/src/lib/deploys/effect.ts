/** Before and after a deploy, figure by figure. */
import type { DeployEffect, SpanFigures } from '$lib/bindings';
import type { Tone } from '$lib/components/tone';
import { formatBytes } from '$lib/format/bytes';
import { ABSENT, formatCores, formatPercent, formatTimes, numberFormat } from '$lib/format/numbers';

/** Figures in the order they are told. Of each, more is worse. */
export const effectFigures = [
  'memory_avg',
  'memory_p95',
  'memory_peak',
  'cpu',
  'errors',
  'new_issues',
  'restarts',
  'oom_kills',
] as const;

/** One of them. */
export type EffectFigure = (typeof effectFigures)[number];

/** How a figure went. */
export type Verdict = 'worse' | 'better' | 'same' | 'unknown';

/** A line of the comparison. */
export interface EffectLine {
  figure: EffectFigure;
  before: number | null;
  after: number | null;
  verdict: Verdict;
}

/** What moves less than this is noise, not a change; counts of events have none. */
const NOISE = 0.05;
/** From here on a change is told as so many times, not as percent. */
const TOLD_AS_TIMES = 10;
/** Less of a core than this is shown as nothing, so a change within it is none. */
const LEAST_CORES = 0.01;
const COUNTED: readonly EffectFigure[] = ['new_issues', 'restarts', 'oom_kills'];

/** The lines of an effect; none while it is withheld. */
export function effectLines({ before, after }: Pick<DeployEffect, 'before' | 'after'>): EffectLine[] {
  if (!before || !after) return [];
  return effectFigures.map((figure) => {
    const [from, to] = [valueOf(before, figure), valueOf(after, figure)];
    return { figure, before: from, after: to, verdict: verdictOf(figure, from, to) };
  });
}

/** Shape and colour of a verdict. */
export function toneOfVerdict(verdict: Verdict): Tone {
  const tones = { worse: 'danger', better: 'ok', same: 'idle', unknown: 'idle' } as const;
  return tones[verdict];
}

/** A value of a figure in its unit. */
export function figureText(figure: EffectFigure, value: number | null): string {
  if (value === null) return ABSENT;
  if (figure.startsWith('memory')) return formatBytes(value);
  if (figure === 'cpu') return formatCores(value);
  return numberFormat({ maximumFractionDigits: figure === 'errors' && value < 10 ? 1 : 0 }).format(value);
}

/** The change as a value and, where there is something to take it of, as a share: `+128 MiB (+40%)`. */
export function changeText({ figure, before, after }: EffectLine): string {
  if (before === null || after === null) return ABSENT;
  if (figure === 'cpu' && Math.max(before, after) < LEAST_CORES) return figureText(figure, 0);
  const change = after - before;
  const sign = change > 0 ? '+' : change < 0 ? '−' : '';
  // Less than what is shown of a core is told as a share alone.
  if (figure === 'cpu' && before > 0 && Math.abs(change) < LEAST_CORES && after < before * TOLD_AS_TIMES) {
    return `${sign}${formatPercent(Math.abs(change) / before)}`;
  }
  const amount = `${sign}${figureText(figure, Math.abs(change))}`;
  if (before === 0 || COUNTED.includes(figure)) return amount;
  if (after >= before * TOLD_AS_TIMES) return `${amount} (${formatTimes(after / before)})`;
  return `${amount} (${sign}${formatPercent(Math.abs(change) / before)})`;
}

function verdictOf(figure: EffectFigure, before: number | null, after: number | null): Verdict {
  if (before === null || after === null) return 'unknown';
  if (before === after) return 'same';
  if (figure === 'cpu' && Math.max(before, after) < LEAST_CORES) return 'same';
  const noise = COUNTED.includes(figure) ? 0 : Math.max(before, after) * NOISE;
  if (Math.abs(after - before) <= noise) return 'same';
  return after > before ? 'worse' : 'better';
}

function valueOf(figures: SpanFigures, figure: EffectFigure): number | null {
  switch (figure) {
    case 'memory_avg':
      return figures.memory_avg_bytes;
    case 'memory_p95':
      return figures.memory_p95_bytes;
    case 'memory_peak':
      return figures.memory_peak_bytes;
    case 'cpu':
      return figures.cpu_avg_cores;
    case 'errors':
      return figures.errors_per_hour;
    case 'new_issues':
      return figures.new_issues;
    case 'restarts':
      return figures.restarts;
    case 'oom_kills':
      return figures.oom_kills;
  }
}
