/** Marks on a chart: which stand so close that they are one spot, and where. Pure: no DOM, no clock. */
import type { Mark, TimeRange } from '$lib/bindings';
import { type MarkShape, markShapes, rankOfMark, shapeOf } from './markShapes';

/** Marks closer together than this are gathered: room for a shape, its number, and for being hit. */
export const SPOT_PX = 30;

/** Marks at one spot. */
export interface Spot {
  /** Told apart by this while the chart moves. */
  key: string;
  /** Where it stands: at the oldest. */
  at_ms: number;
  /** The weightiest mark, which is seen. */
  first: Mark;
  /** All of them, oldest first. */
  marks: Mark[];
  /** How many times something happened: a mark may stand for several. */
  count: number;
}

/** Gathers marks, oldest first, on a chart of `msPerPx`. */
export function spotsOf(marks: readonly Mark[], msPerPx: number): Spot[] {
  const reach = SPOT_PX * Math.max(msPerPx, 0);
  const groups: Mark[][] = [];
  for (const mark of marks) {
    const group = groups.at(-1);
    // From the first of the spot, not from the last: a row of marks is several spots, never one that swallows all.
    if (group?.[0] && mark.at_ms - group[0].at_ms < reach) group.push(mark);
    else groups.push([mark]);
  }
  return groups.flatMap((group): Spot[] => {
    const [first] = [...group].sort((a, b) => rankOfMark(a) - rankOfMark(b));
    if (!first) return [];
    return [
      {
        key: `${group[0]?.at_ms} ${shapeOf(first.mark)} ${group.length}`,
        at_ms: group[0]?.at_ms ?? first.at_ms,
        first,
        marks: group,
        count: group.reduce((sum, mark) => sum + mark.count, 0),
      },
    ];
  });
}

/** The spots within `range`. */
export function spotsWithin(spots: readonly Spot[], range: TimeRange): Spot[] {
  return spots.filter(({ at_ms }) => at_ms >= range.from_ms && at_ms <= range.to_ms);
}

/** The shapes that are in sight, in the order of their weight. */
export function shapesOf(spots: readonly Spot[]): MarkShape[] {
  const seen = new Set(spots.flatMap(({ marks }) => marks.map(({ mark }) => shapeOf(mark))));
  return markShapes.filter((shape) => seen.has(shape));
}
