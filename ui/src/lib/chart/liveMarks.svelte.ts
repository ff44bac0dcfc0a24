/** The marks of an app over a span, asked again when something was deployed, happened or went wrong. */
import { untrack } from 'svelte';
import type { HostId, TimeRange } from '$lib/bindings';
import { liveQuery, type Query } from '$lib/live/query.svelte';

/** What marks are asked for. */
export interface MarksAsked {
  app: string;
  host: HostId | null;
  /** Changes when another span is looked at; not with every moment that passes. */
  span: string;
  /** The span now. */
  range: () => TimeRange | null;
}

/** Marks that live as long as the component that calls this while it is set up. */
export function liveMarks(asked: () => MarksAsked): Query<'app_marks'> {
  const known = $derived(asked().range() !== null);
  return liveQuery({
    command: 'app_marks',
    request: () => {
      const { app, host, span, range } = asked();
      void span;
      // The end of a span that goes on is another at every moment: it is taken when asked, and is no other question.
      const now = known ? untrack(range) : null;
      if (now === null) return undefined;
      return { app, host, range: { from_ms: Math.round(now.from_ms), to_ms: Math.round(now.to_ms) } };
    },
    tags: () => ['deploys', 'changes', 'issues'],
  });
}
