/** What can be said of issues. Each says what it did, and can be taken back for a while. */
import { type Backend } from '$lib/backend/backend';
import { reasonOf } from '$lib/backend/reason';
import type { IssueId, IssueState, IssueStates } from '$lib/bindings';
import type { Toasts } from '$lib/components/toasts.svelte';
import { t } from '$lib/i18n/i18n.svelte';

const HOUR = 3_600_000;

/** How long an issue can be ignored, in the order of the menu. */
export const ignoreChoices = ['change', 'hour', 'day', 'week', 'never'] as const;

/** One of them. */
export type IgnoreChoice = (typeof ignoreChoices)[number];

/** The state a choice means now; `now` in the backend's time. */
export function ignoredBy(choice: IgnoreChoice, now: number): IssueState {
  if (choice === 'change' || choice === 'never') return { state: 'ignored', until: choice };
  const hours = { hour: 1, day: 24, week: 7 * 24 } as const;
  return { state: 'ignored', until: 'moment', at_ms: Math.round(now) + hours[choice] * HOUR };
}

/** Actions on issues. */
export class IssueActions {
  readonly #backend: Backend;
  readonly #toasts: Toasts;
  /** Called after every change: what is shown is old. */
  readonly #onchanged: () => void;
  #last: IssueStates | null = null;

  constructor(backend: Backend, toasts: Toasts, onchanged: () => void) {
    this.#backend = backend;
    this.#toasts = toasts;
    this.#onchanged = onchanged;
  }

  /** Says `state` of issues, and offers to take it back. True when it was said. */
  async set(issues: readonly IssueId[], state: IssueState): Promise<boolean> {
    if (issues.length === 0) return false;
    return this.#say(async () => {
      const before = await this.#backend.call('set_issue_state', { issues: [...issues], state });
      this.#last = before;
      this.#toasts.say(t(`issues:said.${state.state}`, { count: before.states.length }), 'ok', {
        label: t('common:action.undo'),
        run: () => void this.#restore(before),
      });
    });
  }

  /** Takes the last change back. */
  async undo(): Promise<boolean> {
    if (this.#last === null) {
      this.#toasts.say(t('issues:said.nothing_to_undo'), 'idle');
      return false;
    }
    return this.#restore(this.#last);
  }

  async #restore(before: IssueStates): Promise<boolean> {
    return this.#say(async () => {
      await this.#backend.call('restore_issue_states', before);
      if (this.#last === before) this.#last = null;
      this.#toasts.say(t('issues:said.restored', { count: before.states.length }));
    });
  }

  async #say(act: () => Promise<void>): Promise<boolean> {
    try {
      await act();
      this.#onchanged();
      return true;
    } catch (thrown) {
      this.#toasts.say(reasonOf(thrown), 'danger');
      return false;
    }
  }
}
