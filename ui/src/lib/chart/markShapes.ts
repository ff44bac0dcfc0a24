/** The shapes of marks: each kind has its own, so that none needs its colour to be known. Drawn in a box of 14 by 14. */
import type { Mark, MarkKind } from '$lib/bindings';
import type { Tone } from '$lib/components/tone';

/** Edge of the box the shapes are drawn in. */
export const SHAPE_PX = 14;

/** Names of the shapes, the weightiest first: of marks at one spot, it is the one that is seen. */
export const markShapes = [
  'deploy_failed',
  'deploy_running',
  'rollback',
  'deploy',
  'oom_kill',
  'regressed_issue',
  'unhealthy',
  'new_issue',
  'exit',
  'restart',
  'found',
  'healthy',
] as const;

/** What a mark looks like. */
export type MarkShape = (typeof markShapes)[number];

/** A path, filled or stroked. */
export interface ShapePath {
  d: string;
  filled: boolean;
}

/** Flags for what was deployed, blocks for what broke, triangle and diamond for issues. Holes are cut by the even-odd rule. */
export const shapePaths: Record<MarkShape, ShapePath> = {
  deploy: { d: 'M2.5 1L13 4.8L4.1 8.6V13.4H2.5Z', filled: true },
  rollback: { d: 'M11.5 1L1 4.8L9.9 8.6V13.4H11.5Z', filled: true },
  deploy_failed: { d: 'M3.2 13.4V1M6.4 1.6L12.6 7.8M12.6 1.6L6.4 7.8', filled: false },
  deploy_running: { d: 'M3.3 13.4V1.8L12 5L3.3 8.2', filled: false },
  found: { d: 'M7 2.6A4.4 4.4 0 1 0 7 11.4A4.4 4.4 0 1 0 7 2.6', filled: false },
  oom_kill: {
    d: 'M4.3 .6H9.7L13.4 4.3V9.7L9.7 13.4H4.3L.6 9.7V4.3ZM6.1 3V8H7.9V3ZM6.1 9.3V11H7.9V9.3Z',
    filled: true,
  },
  restart: { d: 'M11.6 4.6A5.2 5.2 0 1 0 12.2 7.6M12.2 1.4V4.9H8.7', filled: false },
  exit: { d: 'M2.2 2.2H11.8V11.8H2.2ZM4.4 6.1V7.9H9.6V6.1Z', filled: true },
  unhealthy: { d: 'M5 1.2H9V5H12.8V9H9V12.8H5V9H1.2V5H5Z', filled: true },
  healthy: { d: 'M5.2 1.8H8.8V5.2H12.2V8.8H8.8V12.2H5.2V8.8H1.8V5.2H5.2Z', filled: false },
  new_issue: { d: 'M7 .8L13.6 12.8H.4ZM6.2 5V9H7.8V5ZM6.2 10.1V11.6H7.8V10.1Z', filled: true },
  regressed_issue: { d: 'M7 .4L13.6 7L7 13.6L.4 7ZM6.2 3.6V7.9H7.8V3.6ZM6.2 9V10.6H7.8V9Z', filled: true },
};

/** What a mark looks like. */
export function shapeOf(mark: MarkKind): MarkShape {
  switch (mark.kind) {
    case 'deploy':
      if (mark.state === 'running') return 'deploy_running';
      if (mark.state !== 'success') return 'deploy_failed';
      if (mark.how === 'found') return 'found';
      return mark.how === 'rollback' ? 'rollback' : 'deploy';
    case 'health':
      return mark.healthy ? 'healthy' : 'unhealthy';
    default:
      return mark.kind;
  }
}

/** How good or bad it is. */
export function toneOfMark(mark: MarkKind): Tone {
  if (mark.kind === 'new_issue' || mark.kind === 'regressed_issue')
    return mark.severity === 'error' ? 'danger' : 'warn';
  return toneOfShape(shapeOf(mark));
}

/** How good or bad what has this shape is; of an issue it depends on the issue, and the worse is told. */
export function toneOfShape(shape: MarkShape): Tone {
  const tones: Record<MarkShape, Tone> = {
    deploy: 'busy',
    rollback: 'busy',
    deploy_running: 'busy',
    deploy_failed: 'danger',
    found: 'idle',
    oom_kill: 'danger',
    restart: 'warn',
    exit: 'warn',
    unhealthy: 'danger',
    healthy: 'ok',
    new_issue: 'danger',
    regressed_issue: 'danger',
  };
  return tones[shape];
}

/** The colour of a tone, by its name in the theme. */
export function tokenOf(tone: Tone): 'accent' | 'danger' | 'warn' | 'ok' | 'text-3' {
  return tone === 'busy' ? 'accent' : tone === 'idle' ? 'text-3' : tone;
}

/** Rank of a mark among others at its spot: 0 is the weightiest. */
export function rankOfMark({ mark }: Pick<Mark, 'mark'>): number {
  return markShapes.indexOf(shapeOf(mark));
}
