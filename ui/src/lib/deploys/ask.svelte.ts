/** An update or a rollback being asked for: what would happen, why it cannot, the permission to write, and the start. */
import { type Backend, wireErrorOf } from '$lib/backend/backend';
import type {
  DeployPlan,
  DeployRefusal,
  DeployRow,
  DeployTarget,
  HostId,
  PlannedService,
  ServiceImage,
  WireError,
} from '$lib/bindings';
import type { DeployFollower } from './follow.svelte';

/** A host the app can be changed on. */
export interface AskHost {
  id: HostId;
  name: string;
}

/** What a dialog was opened for. */
export interface Asked {
  app: string;
  displayName: string;
  /** Hosts to choose from, the one chosen first; of a rollback its own alone. */
  hosts: readonly AskHost[];
  /** The deploy to put back; absent for an update. */
  rollback?: DeployRow;
}

/** How far the asking is. */
export type AskStage = 'choose' | 'confirm' | 'running';

/** One opened dialog. */
export class DeployAsk {
  readonly asked: Asked;
  #stage = $state<AskStage>('choose');
  #plan = $state.raw<DeployPlan | null>(null);
  #error = $state.raw<WireError | null>(null);
  #startError = $state.raw<WireError | null>(null);
  #busy = $state<'planning' | 'allowing' | 'starting' | null>(null);
  #host = $state<HostId>(0);
  #typed = $state.raw<Readonly<Record<string, string>>>({});
  #follower = $state.raw<DeployFollower | null>(null);
  readonly #backend: Backend;
  readonly #follow: (row: DeployRow) => DeployFollower;
  #turn = 0;

  /** `follow` keeps an eye on what was started. */
  constructor(backend: Backend, asked: Asked, follow: (row: DeployRow) => DeployFollower) {
    this.#backend = backend;
    this.asked = asked;
    this.#follow = follow;
    this.#host = asked.hosts[0]?.id ?? 0;
    this.#stage = asked.rollback ? 'confirm' : 'choose';
  }

  get stage(): AskStage {
    return this.#stage;
  }

  /** What would happen; the newest that is known. */
  get plan(): DeployPlan | null {
    return this.#plan;
  }

  /** Why it could not be found out what would happen. */
  get error(): WireError | null {
    return this.#error;
  }

  /** Why it was not started. */
  get startError(): WireError | null {
    return this.#startError;
  }

  get busy(): 'planning' | 'allowing' | 'starting' | null {
    return this.#busy;
  }

  get host(): AskHost | undefined {
    return this.asked.hosts.find((host) => host.id === this.#host);
  }

  /** What was started, as long as the dialog is open. */
  get follower(): DeployFollower | null {
    return this.#follower;
  }

  get refusals(): readonly DeployRefusal[] {
    return this.#plan?.refusals ?? [];
  }

  /** It can be asked for as it stands. */
  get ready(): boolean {
    return this.#plan !== null && this.refusals.length === 0 && this.#error === null && this.#busy === null;
  }

  /** The reference typed for a service; what runs now where nothing was typed. */
  imageOf(service: PlannedService): string {
    return this.#typed[service.service] ?? service.from.image;
  }

  /** Types another reference for a service. What was found out about the old one no longer holds. */
  type(service: string, image: string): void {
    this.#typed = { ...this.#typed, [service]: image };
    this.#error = null;
  }

  /** Whether every service has an image to go on with. */
  get typedAll(): boolean {
    return Object.values(this.#typed).every((image) => image.trim() !== '');
  }

  /** Looks at another host. */
  async choose(host: HostId): Promise<void> {
    this.#host = host;
    this.#typed = {};
    this.#plan = null;
    await this.look();
  }

  /** Finds out what would happen. */
  async look(): Promise<boolean> {
    const turn = ++this.#turn;
    this.#busy = 'planning';
    try {
      const plan = await this.#backend.call('plan_deploy', this.#request());
      if (turn !== this.#turn) return false;
      this.#plan = plan;
      this.#error = null;
      return true;
    } catch (thrown) {
      if (turn === this.#turn) this.#error = wireErrorOf(thrown);
      return false;
    } finally {
      if (turn === this.#turn) this.#busy = null;
    }
  }

  /** From the choice of images to the confirmation, once it is known what they would do. */
  async proceed(): Promise<void> {
    if (!this.typedAll) return;
    if (await this.look()) this.#stage = 'confirm';
  }

  /** Back to the choice of images. */
  back(): void {
    this.#startError = null;
    this.#stage = 'choose';
  }

  /** Lets the host be changed, and looks again. */
  async allow(): Promise<void> {
    this.#busy = 'allowing';
    try {
      await this.#backend.call('set_host_writing', { host: this.#host, on: true });
      this.#startError = null;
      await this.look();
    } catch (thrown) {
      this.#startError = wireErrorOf(thrown);
      this.#busy = null;
    }
  }

  /** Starts what was confirmed. What was refused is said, and what would happen is looked at anew. */
  async start(): Promise<DeployRow | null> {
    if (!this.ready) return null;
    this.#busy = 'starting';
    this.#startError = null;
    try {
      const row = await this.#backend.call('start_deploy', this.#request());
      this.#follower = this.#follow(row);
      this.#stage = 'running';
      this.#busy = null;
      return row;
    } catch (thrown) {
      const error = wireErrorOf(thrown);
      await this.look();
      this.#startError = error;
      return null;
    }
  }

  #request() {
    return { app: this.asked.app, host: this.#host, target: this.#target() };
  }

  #target(): DeployTarget {
    const { rollback } = this.asked;
    if (rollback) return { kind: 'rollback', deploy: rollback.id };
    const now = (name: string) => this.#plan?.services.find(({ service }) => service === name)?.from.image;
    const images = Object.entries(this.#typed)
      .map(([service, image]): ServiceImage => ({ service, image: image.trim() }))
      .filter(({ service, image }) => image !== now(service));
    return { kind: 'update', images };
  }
}
