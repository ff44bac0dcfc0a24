/**
 * A chart of live metrics that stays answered. It is asked whole once; then, as ticks are collected, only for what came since,
 * which is put to its end. Nothing is asked while the window is hidden; after that, what was missed, or all of it when that is
 * most of the chart. It does not draw.
 */
import { untrack } from 'svelte';
import { getBackend, wireErrorOf } from '$lib/backend/backend';
import { concerns } from '$lib/backend/bus';
import type {
  HostId,
  LeakAnswer,
  MetricsRequest,
  MetricsSeries,
  MetricsSplit,
  Tag,
  TimeRange,
  WireError,
} from '$lib/bindings';
import { attend } from '$lib/live/attend.svelte';
import { nowMs } from '$lib/live/clock.svelte';
import { Columns } from './columns';
import { lengthOf, type MetricsView, rangeOf } from './view';

/** Several hosts are read one after the other: what they bring is asked for together. */
const SETTLE_MS = 300;
/** Not asked for more often than this, nor more often than a bucket of a long span can show. */
const LEAST_REST_MS = 2000;
const MOST_REST_MS = 60_000;
const ASKED_PER_BUCKET = 6;
/** After this part of the span was missed, all of it is asked for. */
const MISSED_RATIO = 0.25;
/** Whether memory grows is looked at again this often, and after every deploy. */
const LEAK_REST_MS = 15 * 60_000;

/** What a chart is asked with. */
export interface MetricsAsked {
  app: string;
  host: HostId | null;
  split: MetricsSplit;
  span: MetricsView['span'];
  /** Pixels there are. */
  points: number;
  /** Network and disk are shown. */
  rates: boolean;
}

/** How metrics are asked for. */
export interface MetricsPlan {
  /** Read reactively; `undefined` asks nothing yet. */
  asked: () => MetricsAsked | undefined;
  ask: (request: MetricsRequest) => Promise<MetricsSeries>;
  /** Now in the engine's time, before it has answered itself. */
  clock: () => number;
}

/** What was drawn last cost so much script: begun when its answer came. */
export interface Arrival {
  kind: 'metrics-load' | 'metrics-tick';
  at: number;
}

/** Metrics that are kept up to date. */
export class LiveMetrics {
  #columns = $state.raw<Columns | null>(null);
  #shown = $state.raw<MetricsAsked | null>(null);
  #version = $state(0);
  #error = $state.raw<WireError | null>(null);
  #loading = $state(false);
  #leak = $state.raw<LeakAnswer | null>(null);
  #answered = $state.raw<{ engine: number; here: number } | null>(null);

  /** When the answer came that is to be drawn next; for measuring. */
  arrival: Arrival | null = null;

  readonly #plan: MetricsPlan;
  #turn = 0;
  #asking = false;
  #dirty = false;
  #wanted = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #leakOf: string | null = null;
  #leakAt = 0;

  constructor(plan: MetricsPlan) {
    this.#plan = plan;
  }

  /** The chart; the same object while it is only added to. Read `version` beside it. */
  get columns(): Columns | null {
    return this.#columns;
  }

  /** What the chart was asked with, which may not be what is wanted by now. */
  get shown(): MetricsAsked | null {
    return this.#shown;
  }

  /** Counts what was added or replaced. */
  get version(): number {
    return this.#version;
  }

  /** Why the last asking failed; the chart stays. */
  get error(): WireError | null {
    return this.#error;
  }

  /** A whole chart is on its way. */
  get loading(): boolean {
    return this.#loading;
  }

  /** Whether memory grows, of the app or host that is shown. */
  get leak(): LeakAnswer | null {
    return this.#leak;
  }

  /** Now, in the engine's time. */
  get now(): number {
    const answered = this.#answered;
    if (answered === null) return this.#plan.clock();
    return answered.engine + Math.max(0, nowMs() - answered.here);
  }

  /** Asks for the whole chart, now or when the window is seen. What was asked before no longer counts. */
  async load(): Promise<void> {
    const asked = untrack(this.#plan.asked);
    if (asked === undefined) return;
    this.#wanted = true;
    if (document.hidden) return;
    const turn = this.#begin();
    this.#wanted = false;
    this.#loading = true;
    try {
      const series = await this.#plan.ask(requestOf(asked, rangeOf(asked.span, this.#engineNow())));
      if (turn !== this.#turn) return;
      this.#took(series, 'metrics-load');
      this.#columns = new Columns(series);
      this.#shown = asked;
      this.#takeLeak(asked, series);
    } catch (thrown) {
      if (turn !== this.#turn) return;
      this.#error = wireErrorOf(thrown);
    }
    this.#asking = false;
    this.#loading = false;
    if (this.#leakOf !== leakKey(asked) && !this.#error) void this.#askLeak(asked);
    if (this.#dirty) this.#settle();
  }

  /** Asks for what came since, and puts it to the end. */
  async #extend(): Promise<void> {
    const [columns, asked] = [this.#columns, this.#shown];
    if (columns === null || asked === null || typeof asked.span === 'object') return;
    const now = this.#engineNow();
    const length = lengthOf(asked.span);
    const from = columns.resumeMs;
    if (from === null || now - from > Math.max(length * MISSED_RATIO, 2 * columns.bucket_ms)) return this.load();
    const turn = this.#begin();
    try {
      const part = await this.#plan.ask({
        ...requestOf(asked, { from_ms: from, to_ms: Math.max(now, from + 1) }),
        bucket_ms: columns.bucket_ms,
      });
      if (turn !== this.#turn) return;
      if (!columns.takes(part)) {
        this.#asking = false;
        return await this.load();
      }
      this.#took(part, 'metrics-tick');
      columns.append(part, length);
    } catch (thrown) {
      if (turn !== this.#turn) return;
      this.#error = wireErrorOf(thrown);
    }
    this.#asking = false;
    if (this.#dirty) this.#settle();
  }

  /** Takes note of what changed. */
  changed(tags: readonly Tag[]): void {
    if (concerns(tags, ['deploys']) || (concerns(tags, ['apps']) && Date.now() - this.#leakAt > LEAK_REST_MS)) {
      this.#leakOf = null;
    }
    const goesOn = typeof this.#plan.asked()?.span === 'string';
    if (!goesOn || !concerns(tags, ['samples'])) return;
    this.#dirty = true;
    if (!this.#asking) this.#settle();
  }

  /** The window can be seen again. */
  seen(): void {
    if (document.hidden) return;
    if (this.#wanted) void this.load();
    else if (this.#dirty) this.#settle();
  }

  /** Lets go: whatever is on its way is dropped. */
  close(): void {
    this.#turn += 1;
    this.#dirty = false;
    this.#wanted = false;
    this.#stopTimer();
  }

  #stopTimer(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #begin(): number {
    this.#stopTimer();
    this.#dirty = false;
    this.#asking = true;
    return ++this.#turn;
  }

  #settle(): void {
    // What is set already is not put off: a large fleet brings samples several times a second, and never rests.
    if (document.hidden || this.#timer !== undefined) return;
    const bucket = this.#columns?.bucket_ms ?? 0;
    const rest = Math.min(MOST_REST_MS, Math.max(LEAST_REST_MS, bucket / ASKED_PER_BUCKET));
    const left = (this.#answered?.here ?? 0) + rest - Date.now();
    this.#timer = setTimeout(() => this.#tick(), Math.max(SETTLE_MS, Math.min(left, rest)));
  }

  #tick(): void {
    this.#timer = undefined;
    // Hidden meanwhile: it stays wanted until somebody looks.
    if (document.hidden || !this.#dirty) return;
    const asked = this.#shown;
    if (asked && this.#leakOf === null) void this.#askLeak(asked);
    void (this.#columns === null || this.#columns.times.length === 0 ? this.load() : this.#extend());
  }

  #took(series: MetricsSeries, kind: Arrival['kind']): void {
    this.arrival = { kind, at: performance.now() };
    this.#answered = { engine: series.now_ms, here: Date.now() };
    this.#error = null;
    this.#version += 1;
  }

  #takeLeak(asked: MetricsAsked, series: MetricsSeries): void {
    if (this.#leakOf !== leakKey(asked)) this.#leak = null;
    if (series.leak === null || asked.split !== 'whole') return;
    this.#leak = series.leak;
    this.#leakOf = leakKey(asked);
    this.#leakAt = Date.now();
  }

  /** Only a new chart of the whole says whether memory grows; where another one is shown, the smallest of the whole is asked. */
  async #askLeak(asked: MetricsAsked): Promise<void> {
    const key = leakKey(asked);
    this.#leakOf = key;
    this.#leakAt = Date.now();
    const now = this.#engineNow();
    const range = { from_ms: now - lengthOf('30m'), to_ms: now };
    try {
      const { leak } = await this.#plan.ask({ ...requestOf(asked, range), split: 'whole', points: 10, rates: false });
      const shown = this.#shown;
      if (shown !== null && leakKey(shown) === key) this.#leak = leak;
    } catch (thrown) {
      // Shown as any failure of this chart: the engine could not be asked.
      this.#error ??= wireErrorOf(thrown);
      this.#leakOf = null;
    }
  }

  #engineNow(): number {
    return untrack(() => this.now);
  }
}

function requestOf({ app, host, split, points, rates }: MetricsAsked, range: TimeRange): MetricsRequest {
  return { app, host, split, points, rates, bucket_ms: null, range: whole(range) };
}

/** Moments are whole milliseconds. */
function whole({ from_ms, to_ms }: TimeRange): TimeRange {
  return { from_ms: Math.round(from_ms), to_ms: Math.round(to_ms) };
}

function leakKey({ app, host }: MetricsAsked): string {
  return `${app}\n${host ?? ''}`;
}

/** Metrics that live as long as the component that calls this while it is set up. */
export function liveMetrics(plan: Omit<MetricsPlan, 'ask'>): LiveMetrics {
  const backend = getBackend();
  const living = new LiveMetrics({ ...plan, ask: (request) => backend.call('app_metrics', request) });
  let last: string | undefined;
  $effect(() => {
    // Read here so that the effect follows it. The same question in another object is no other question.
    const key = JSON.stringify(plan.asked());
    if (key === undefined || key === last) return;
    last = key;
    queueMicrotask(() => void living.load());
  });
  attend(living);
  return living;
}
