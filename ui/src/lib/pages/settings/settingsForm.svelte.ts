/**
 * Settings while they are changed: each control applies at once, one after the other, and says so quietly.
 *
 * A number is judged while it is typed and applied when it is left. A shorter retention throws history away, so it waits for a
 * word of the operator. A refused value stays where it was typed, with the reason; nothing is stored then.
 */
import { type Backend, wireErrorOf } from '$lib/backend/backend';
import type { Settings, SettingsPage, WireError } from '$lib/bindings';
import type { Sentence } from '$lib/pages/hosts/address';
import { wrongNumber } from '$lib/pages/hosts/draft';
import { isRetention, type NumberField, rangeOf, unitOf } from './ranges';

/** How long “saved” stays beside a control. */
const SAVED_SHOWN_MS = 2500;

/** A retention about to be shortened. */
export interface Lowering {
  field: NumberField;
  /** In force. */
  from: number;
  /** As typed. */
  to: number;
}

/** The settings form. */
export class SettingsForm {
  #typed = $state.raw<Partial<Record<NumberField, string>>>({});
  #refused = $state.raw<Partial<Record<keyof Settings, Sentence>>>({});
  #saving = $state.raw<keyof Settings | null>(null);
  #saved = $state.raw<keyof Settings | null>(null);
  #lowering = $state.raw<Lowering | null>(null);
  #error = $state.raw<WireError | null>(null);
  #queue: Promise<void> = Promise.resolve();
  #savedTimer: ReturnType<typeof setTimeout> | undefined;
  readonly #backend: Backend;
  readonly #inForce: () => Settings;
  readonly #onsaved: (page: SettingsPage) => void;

  /** `inForce` reads the newest settings; `onsaved` is handed those that came back. */
  constructor(backend: Backend, inForce: () => Settings, onsaved: (page: SettingsPage) => void) {
    this.#backend = backend;
    this.#inForce = inForce;
    this.#onsaved = onsaved;
  }

  /** The setting on its way to the store. */
  get saving(): keyof Settings | null {
    return this.#saving;
  }

  /** The setting that was stored just now. */
  get saved(): keyof Settings | null {
    return this.#saved;
  }

  /** A shorter retention that waits for a word. */
  get lowering(): Lowering | null {
    return this.#lowering;
  }

  /** A failure that belongs under no field. */
  get error(): WireError | null {
    return this.#error;
  }

  /** What stands in a number field. */
  textOf(field: NumberField): string {
    return this.#typed[field] ?? String(this.#inForce()[field]);
  }

  /** What is wrong with a setting. */
  errorOf(field: keyof Settings): Sentence | null {
    return this.#refused[field] ?? null;
  }

  /** A number is being typed. */
  type(field: NumberField, text: string): void {
    this.#typed = { ...this.#typed, [field]: text };
    if (this.#lowering?.field === field) this.#lowering = null;
    this.#judge(field, text);
  }

  /** A number was left or Enter was pressed: applies it, or asks first when it shortens what is kept. */
  async commit(field: NumberField): Promise<void> {
    const text = this.#typed[field];
    if (text === undefined || !this.#judge(field, text)) return;
    const from = this.#inForce()[field];
    const to = Number(text);
    if (to === from) {
      this.#forget(field);
    } else if (isRetention(field) && to < from) {
      this.#lowering = { field, from, to };
    } else {
      await this.apply(field, to);
    }
  }

  /** Shortens the retention after all. */
  async confirmLowering(): Promise<void> {
    const lowering = this.#lowering;
    this.#lowering = null;
    if (lowering) await this.apply(lowering.field, lowering.to);
  }

  /** Puts a number back as it is in force. */
  putBack(field: NumberField): void {
    this.#forget(field);
    if (this.#lowering?.field === field) this.#lowering = null;
  }

  /** Stores one setting, after those on their way. True when it was stored. */
  apply<F extends keyof Settings>(field: F, value: Settings[F]): Promise<boolean> {
    const turn = this.#queue.then(() => this.#store(field, value));
    this.#queue = turn.then(() => undefined);
    return turn;
  }

  /** Lets go of the timer. */
  close(): void {
    clearTimeout(this.#savedTimer);
  }

  async #store<F extends keyof Settings>(field: F, value: Settings[F]): Promise<boolean> {
    this.#saving = field;
    this.#error = null;
    try {
      const page = await this.#backend.call('save_settings', { ...this.#inForce(), [field]: value });
      this.#onsaved(page);
      this.#forget(field);
      this.#saySaved(field);
      return true;
    } catch (thrown) {
      this.#refuse(field, wireErrorOf(thrown));
      return false;
    } finally {
      this.#saving = null;
    }
  }

  /** The reason goes under the control that was changed: another field it names was fine until then. */
  #refuse(field: keyof Settings, error: WireError): void {
    if (error.code === 'invalid')
      this.#refused = { ...this.#refused, [field]: { key: error.key, params: error.params } };
    else this.#error = error;
  }

  #judge(field: NumberField, text: string): boolean {
    const wrong = wrongNumber(text, rangeOf(field, this.#inForce()), unitOf(field));
    this.#refused = { ...this.#refused, [field]: wrong ?? undefined };
    return wrong === null;
  }

  #forget(field: keyof Settings): void {
    this.#typed = Object.fromEntries(Object.entries(this.#typed).filter(([name]) => name !== field));
    this.#refused = { ...this.#refused, [field]: undefined };
  }

  #saySaved(field: keyof Settings): void {
    clearTimeout(this.#savedTimer);
    this.#saved = field;
    this.#savedTimer = setTimeout(() => {
      this.#saved = null;
    }, SAVED_SHOWN_MS);
  }
}
