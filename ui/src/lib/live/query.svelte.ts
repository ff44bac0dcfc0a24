/**
 * A question to the backend that stays answered: asked again when its request changes, when something it shows changed, and
 * never while the window is hidden. The old answer stays while a new one is on its way, and beside an error.
 */
import { type AnswerOf, type CommandName, getBackend, type RequestOf, wireErrorOf } from '$lib/backend/backend';
import { concerns } from '$lib/backend/bus';
import type { Tag, WireError } from '$lib/bindings';
import { attend } from './attend.svelte';
import { nowMs } from './clock.svelte';

/** Changes that come closer together than this are answered together. */
const SETTLE_MS = 250;
/** A large fleet changes several times a second: unasked, an answer is not renewed more often than this. */
const REST_MS = 2000;

/** How a living question is asked. */
export interface AnswerPlan<Request, Answer> {
  /** Request, read reactively; `undefined` asks nothing yet. */
  request: () => Request | undefined;
  /** Asks; rejects when that fails. */
  ask: (request: Request) => Promise<Answer>;
  /** Ask again when one of these changed. Read at each change, so it may depend on state. */
  tags: () => readonly Tag[];
}

/** One living question. */
export class LiveAnswer<Request, Answer> {
  #answer = $state.raw<Answer | null>(null);
  #error = $state.raw<WireError | null>(null);
  #loading = $state(false);
  #answeredAt = $state.raw<number | null>(null);

  readonly #plan: AnswerPlan<Request, Answer>;
  #asked = 0;
  #dirty = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(plan: AnswerPlan<Request, Answer>) {
    this.#plan = plan;
  }

  /** The newest answer, also while another is on its way or after an error. */
  get answer(): Answer | null {
    return this.#answer;
  }

  /** Why the last asking failed; gone after the next success. */
  get error(): WireError | null {
    return this.#error;
  }

  /** A question is on its way. */
  get loading(): boolean {
    return this.#loading;
  }

  /** Nothing to show yet: draw the skeleton. */
  get starting(): boolean {
    return this.#answer === null && this.#error === null;
  }

  /**
   * Now, in the backend's time: its own `now_ms` plus what has passed since the answer. A simulated fleet's clock runs its
   * own way, so ages are never taken from the machine's clock alone.
   */
  get now(): number {
    const answer = this.#answer as { now_ms?: number } | null;
    if (answer?.now_ms === undefined || this.#answeredAt === null) return nowMs();
    return answer.now_ms + Math.max(0, nowMs() - this.#answeredAt);
  }

  /** Asks at once. An answer to an older question never replaces a newer one's. */
  async ask(): Promise<void> {
    const request = this.#plan.request();
    if (request === undefined) return;
    const turn = ++this.#asked;
    this.#unsettle();
    this.#dirty = false;
    this.#loading = true;
    try {
      const answer = await this.#plan.ask(request);
      if (turn !== this.#asked) return;
      this.#answer = answer;
      this.#error = null;
    } catch (thrown) {
      if (turn !== this.#asked) return;
      this.#error = wireErrorOf(thrown);
    }
    this.#answeredAt = this.#error ? this.#answeredAt : Date.now();
    this.#loading = false;
    if (this.#dirty) this.#settle();
  }

  /** Asks now, or as soon as the window can be seen. */
  want(): void {
    this.#dirty = true;
    if (!document.hidden) void this.ask();
  }

  /** Shows `answer`, which another command gave, and forgets what was on its way. */
  replace(answer: Answer): void {
    this.#asked += 1;
    this.#answer = answer;
    this.#answeredAt = Date.now();
    this.#error = null;
    this.#loading = false;
  }

  /** Takes note of what changed. */
  changed(tags: readonly Tag[]): void {
    if (!concerns(tags, this.#plan.tags())) return;
    this.#dirty = true;
    if (!this.#loading) this.#settle();
  }

  /** The window can be seen again: catches up with what changed meanwhile. */
  seen(): void {
    if (this.#dirty && !document.hidden && !this.#loading) void this.ask();
  }

  /** Lets go: whatever is on its way is dropped. */
  close(): void {
    this.#asked += 1;
    this.#dirty = false;
    this.#unsettle();
  }

  /** A timer that runs is left alone: changes that never cease would put it off for ever. */
  #settle(): void {
    if (this.#timer !== undefined) return;
    const rested = (this.#answeredAt ?? 0) + REST_MS - Date.now();
    const wait = Math.max(SETTLE_MS, Math.min(rested, REST_MS));
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.seen();
    }, wait);
  }

  #unsettle(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}

/** What a question to one command is about. */
export interface QueryPlan<C extends CommandName> {
  /** Command to ask. */
  command: C;
  /** Request, read reactively; `undefined` asks nothing yet. */
  request: () => RequestOf<C> | undefined;
  /** Ask again when one of these changed. */
  tags: () => readonly Tag[];
}

/** A living question to one command. */
export type Query<C extends CommandName> = LiveAnswer<RequestOf<C>, AnswerOf<C>>;

/** A query that lives as long as the component that calls this while it is set up. */
export function liveQuery<C extends CommandName>({ command, request, tags }: QueryPlan<C>): Query<C> {
  const backend = getBackend();
  return liveAnswer({ request, tags, ask: (asked) => backend.call(command, asked) });
}

/** The same for a question that takes more than one command. */
export function liveAnswer<Request, Answer>(plan: AnswerPlan<Request, Answer>): LiveAnswer<Request, Answer> {
  const living = new LiveAnswer(plan);
  $effect(() => {
    // Read here so that the effect follows the request; asked outside of it.
    const request = plan.request();
    if (request !== undefined) queueMicrotask(() => living.want());
  });
  attend(living);
  return living;
}
