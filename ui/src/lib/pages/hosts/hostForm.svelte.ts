/**
 * The host form while it is filled in: values, what is wrong under which field, the connection test, and saving.
 *
 * A field complains once it was left or sent, never while its first characters are typed. What the engine refused stays under
 * its field until the field is changed.
 */
import { SvelteSet } from 'svelte/reactivity';
import { type Backend, wireErrorOf } from '$lib/backend/backend';
import type { ConnectionTest, HostRow, WireError } from '$lib/bindings';
import type { Sentence } from './address';
import {
  draftOf,
  emptyValues,
  endpointErrors,
  type Field,
  type FieldErrors,
  FIELDS,
  fieldOf,
  type HostFormValues,
  localErrors,
  offeredName,
} from './draft';

/** Which values a field is made of. */
const VALUES_OF: Record<Field, ReadonlyArray<keyof HostFormValues>> = {
  address: ['address'],
  name: ['name'],
  customer: ['customer'],
  'tls.ca': ['ca'],
  'tls.cert': ['cert'],
  'tls.key': ['key'],
  accept_plain_text: ['acceptPlainText', 'useTls', 'address'],
  tick_interval_s: ['intervalSeconds', 'ownInterval'],
};

/** Values a connection test depends on. */
const TESTED: ReadonlyArray<keyof HostFormValues> = ['address', 'useTls', 'ca', 'cert', 'key', 'acceptPlainText'];

/** The test of the connection: not asked for, under way, or found. */
export type TestState =
  | { step: 'none' }
  | { step: 'running'; startedMs: number }
  | { step: 'done'; result: ConnectionTest }
  | { step: 'failed'; error: WireError };

/** One opened form. */
export class HostForm {
  /** What is typed. Change it with `set`. */
  readonly values: HostFormValues;
  /** The host being edited; `null` while a new one is added. */
  readonly host: HostRow | null;
  #values = $state<HostFormValues>(emptyValues());
  #test = $state.raw<TestState>({ step: 'none' });
  #saving = $state(false);
  #refused = $state.raw<FieldErrors>({});
  #error = $state.raw<WireError | null>(null);
  readonly #complaining = new SvelteSet<Field>();
  readonly #local = $derived(localErrors(this.#values));
  readonly #backend: Backend;
  #testTurn = 0;

  /** `start` is what stands in the fields at first. */
  constructor(backend: Backend, host: HostRow | null, start: HostFormValues) {
    this.#backend = backend;
    this.host = host;
    this.#values = start;
    this.values = this.#values;
  }

  /** The connection test. */
  get test(): TestState {
    return this.#test;
  }

  /** The host is being stored. */
  get saving(): boolean {
    return this.#saving;
  }

  /** A failure of the form as a whole. */
  get error(): WireError | null {
    return this.#error;
  }

  /** What to show under `field`. */
  errorOf(field: Field): Sentence | null {
    const refused = this.#refused[field];
    if (refused) return refused;
    return this.#complaining.has(field) ? (this.#local[field] ?? null) : null;
  }

  /** Changes one value. What was found out about the old one no longer holds. */
  set<K extends keyof HostFormValues>(name: K, value: HostFormValues[K]): void {
    this.#values[name] = value;
    this.#error = null;
    const kept = Object.entries(this.#refused).filter(([field]) => !VALUES_OF[field as Field].includes(name));
    this.#refused = Object.fromEntries(kept);
    if (TESTED.includes(name)) this.cancelTest();
  }

  /** The operator left `field`: from now on it says what is wrong with it. */
  left(field: Field): void {
    if (field === 'address' && this.#values.name.trim() === '') this.set('name', offeredName(this.#values));
    // An untouched empty field is no mistake yet.
    const empty = VALUES_OF[field].every((name) => this.#values[name] === '');
    if (!empty) this.#complaining.add(field);
  }

  /** Tries the address, unless it is plain that it cannot work. */
  async testConnection(): Promise<void> {
    const wrong = Object.keys(endpointErrors(this.#values)) as Field[];
    if (wrong.length > 0) {
      for (const field of wrong) this.#complaining.add(field);
      return;
    }
    const turn = ++this.#testTurn;
    this.#test = { step: 'running', startedMs: Date.now() };
    const found = await this.#backend.call('test_host', draftOf(this.#values)).then(
      (result): TestState => ({ step: 'done', result }),
      (thrown: unknown): TestState => ({ step: 'failed', error: wireErrorOf(thrown) }),
    );
    if (turn !== this.#testTurn) return;
    this.#test = found;
    if (found.step === 'failed' && this.#refuse(found.error)) this.#test = { step: 'none' };
  }

  /** Forgets the test, also one under way. */
  cancelTest(): void {
    this.#testTurn += 1;
    this.#test = { step: 'none' };
  }

  /** Stores the host. The answer is `null` when something was refused; then nothing was stored. */
  async save(): Promise<HostRow | null> {
    for (const field of FIELDS) this.#complaining.add(field);
    if (Object.keys(this.#local).length > 0) return null;
    this.#saving = true;
    this.#error = null;
    const draft = draftOf(this.#values);
    try {
      return this.host === null
        ? await this.#backend.call('add_host', draft)
        : await this.#backend.call('edit_host', { host: this.host.id, draft });
    } catch (thrown) {
      const error = wireErrorOf(thrown);
      if (!this.#refuse(error)) this.#error = error;
      return null;
    } finally {
      this.#saving = false;
    }
  }

  /** Puts the engine's refusal under its field. False when it has none here. */
  #refuse(error: WireError): boolean {
    const field = fieldOf(error);
    if (field === null) return false;
    this.#refused = { ...this.#refused, [field]: { key: error.key, params: error.params } };
    return true;
  }
}
