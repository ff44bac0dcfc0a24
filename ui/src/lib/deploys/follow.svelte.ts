/** Keeps an eye on a deploy that was asked for here, also after its dialog was closed, and says how it ended. */
import type { Backend } from '$lib/backend/backend';
import { type ChangeBus, concerns } from '$lib/backend/bus';
import type { DeployRow } from '$lib/bindings';

/** Changes that come closer together than this are looked at together. */
const SETTLE_MS = 300;
/** The newest rows of its host, among which the deploy is looked for. */
const LOOKED_AT = 20;

/** One deploy being followed. */
export class DeployFollower {
  #row = $state.raw<DeployRow>() as DeployRow;
  readonly #backend: Backend;
  readonly #app: string;
  readonly #onend: (row: DeployRow) => void;
  readonly #stopListening: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #asking = false;
  #dirty = false;
  readonly #seen = () => this.#look();

  /** Follows `row` of `app` until it has ended; `onend` is called once, when somebody can see it. */
  constructor(backend: Backend, bus: ChangeBus, app: string, row: DeployRow, onend: (row: DeployRow) => void) {
    this.#backend = backend;
    this.#app = app;
    this.#row = row;
    this.#onend = onend;
    this.#stopListening = bus.listen((tags) => {
      if (concerns(tags, ['deploys'])) this.#soon();
    });
    document.addEventListener('visibilitychange', this.#seen);
    // It may have gone on before anyone listened.
    this.#soon();
  }

  /** The deploy as it was seen last. */
  get row(): DeployRow {
    return this.#row;
  }

  /** Lets go of it. */
  stop(): void {
    this.#stopListening();
    document.removeEventListener('visibilitychange', this.#seen);
    clearTimeout(this.#timer);
  }

  #soon(): void {
    this.#dirty = true;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#look(), SETTLE_MS);
  }

  #look(): void {
    // A message that nobody sees is lost: a hidden window looks when it is seen again.
    if (this.#dirty && !this.#asking && !document.hidden) void this.#ask();
  }

  async #ask(): Promise<void> {
    this.#asking = true;
    this.#dirty = false;
    try {
      const request = { app: this.#app, host: this.#row.host, state: null, before: null, limit: LOOKED_AT };
      const page = await this.#backend.call('list_deploys', request);
      const found = page.rows.find((row) => row.id === this.#row.id);
      if (found) this.#row = found;
      // Gone with its app or host: there is nothing more to tell.
      if (!found || found.state !== 'running') this.stop();
      if (found && found.state !== 'running') this.#onend(found);
    } catch {
      // The ledger on the page says what is wrong; the next change is another chance.
    } finally {
      this.#asking = false;
      if (this.#dirty && this.#row.state === 'running') this.#soon();
    }
  }
}
