/** What was found on this machine that could be added as a host, and how adding each of them goes. */
import { SvelteMap, SvelteSet } from 'svelte/reactivity';
import { type Backend, wireErrorOf } from '$lib/backend/backend';
import type { DiscoveryProblem, HostCandidate, HostRow, WireError } from '$lib/bindings';
import type { TestState } from './hostForm.svelte';

/** How it goes with one candidate. */
export type Progress =
  { step: 'found' } | { step: 'adding' } | { step: 'added'; row: HostRow } | { step: 'refused'; error: WireError };

/** A look around this machine. */
export class Findings {
  #candidates = $state.raw<readonly HostCandidate[] | null>(null);
  #problems = $state.raw<readonly DiscoveryProblem[]>([]);
  #error = $state.raw<WireError | null>(null);
  #looking = $state(false);
  /** Candidates taken to be added together. */
  readonly chosen = new SvelteSet<HostCandidate>();
  readonly #progress = new SvelteMap<HostCandidate, Progress>();
  readonly #tests = new SvelteMap<HostCandidate, TestState>();
  readonly #backend: Backend;
  #turn = 0;

  constructor(backend: Backend) {
    this.#backend = backend;
  }

  /** What was found; `null` before the first look ended. */
  get candidates(): readonly HostCandidate[] | null {
    return this.#candidates;
  }

  /** Context files that could not be read. */
  get problems(): readonly DiscoveryProblem[] {
    return this.#problems;
  }

  /** Why looking failed. */
  get error(): WireError | null {
    return this.#error;
  }

  get looking(): boolean {
    return this.#looking;
  }

  /** Looks again, and forgets what was chosen and tried. */
  async look(): Promise<void> {
    const turn = ++this.#turn;
    this.#looking = true;
    this.#error = null;
    try {
      const { candidates, problems } = await this.#backend.call('discover_hosts', null);
      if (turn !== this.#turn) return;
      this.chosen.clear();
      this.#progress.clear();
      this.#tests.clear();
      this.#candidates = candidates;
      this.#problems = problems;
    } catch (thrown) {
      if (turn !== this.#turn) return;
      this.#error = wireErrorOf(thrown);
    }
    this.#looking = false;
  }

  progressOf(candidate: HostCandidate): Progress {
    return this.#progress.get(candidate) ?? { step: 'found' };
  }

  testOf(candidate: HostCandidate): TestState {
    return this.#tests.get(candidate) ?? { step: 'none' };
  }

  /** Whether it can be added as it is: not added yet, and nothing about it wants to be accepted first. */
  isReady(candidate: HostCandidate): boolean {
    const { step } = this.progressOf(candidate);
    return candidate.already === null && !needsEdit(candidate) && step !== 'added' && step !== 'adding';
  }

  /** Takes a candidate, or puts it back. */
  choose(candidate: HostCandidate, chosen: boolean): void {
    if (chosen) this.chosen.add(candidate);
    else this.chosen.delete(candidate);
  }

  /** Adds one candidate as it is. */
  async add(candidate: HostCandidate): Promise<HostRow | null> {
    this.#progress.set(candidate, { step: 'adding' });
    try {
      const row = await this.#backend.call('add_host', candidate.draft);
      this.wasAdded(candidate, row);
      return row;
    } catch (thrown) {
      this.#progress.set(candidate, { step: 'refused', error: wireErrorOf(thrown) });
      return null;
    }
  }

  /** Adds what was chosen, one after the other; what is refused stays chosen. The answer is how many were added. */
  async addChosen(): Promise<number> {
    let added = 0;
    for (const candidate of [...this.chosen]) {
      if (await this.add(candidate)) added += 1;
    }
    return added;
  }

  /** Takes note that a candidate was added, here or in the form. */
  wasAdded(candidate: HostCandidate, row: HostRow): void {
    this.chosen.delete(candidate);
    this.#progress.set(candidate, { step: 'added', row });
  }

  /** Tries whether a candidate answers. */
  async test(candidate: HostCandidate): Promise<void> {
    this.#tests.set(candidate, { step: 'running', startedMs: Date.now() });
    try {
      this.#tests.set(candidate, { step: 'done', result: await this.#backend.call('test_host', candidate.draft) });
    } catch (thrown) {
      this.#tests.set(candidate, { step: 'failed', error: wireErrorOf(thrown) });
    }
  }
}

/** Whether the operator has to say something before it can be added: plain text is never accepted for them. */
export function needsEdit(candidate: HostCandidate): boolean {
  return candidate.transport === 'plain' && !candidate.draft.accept_plain_text;
}
