/** Where what an app needs and what it was given stand on one line. */
import type { AppRow, SuggestionCard } from '$lib/bindings';

/** A place on the line, from 0 to 1. */
export interface Mark {
  what: 'avg' | 'p95' | 'peak' | 'estimate' | 'limit' | 'suggested';
  bytes: number;
  at: number;
}

/** Everything that is known, on one line from zero to a little beyond the largest; empty without any measurement. */
export function marksOf(row: AppRow, suggestion: SuggestionCard): Mark[] {
  const known: Array<[Mark['what'], number | null | undefined]> = [
    ['avg', row.memory_avg_bytes],
    ['p95', row.worst_p95_bytes],
    ['peak', row.memory_peak_bytes],
    ['estimate', row.estimate.min_bytes],
    ['limit', row.limit.min_bytes],
    ['suggested', suggestion.suggestion?.limit_bytes],
  ];
  const marks = known.filter((mark): mark is [Mark['what'], number] => typeof mark[1] === 'number');
  if (row.memory_peak_bytes === null || marks.length === 0) return [];
  const end = Math.max(...marks.map(([, bytes]) => bytes)) * 1.06;
  return end > 0 ? marks.map(([what, bytes]) => ({ what, bytes, at: bytes / end })) : [];
}
