/** What can be done with a host from its row or its page. Each says what it did; removing can be undone. */
import { type Backend, wireErrorOf } from '$lib/backend/backend';
import type { HostRow } from '$lib/bindings';
import type { Toasts } from '$lib/components/toasts.svelte';
import { sentenceOf } from '$lib/format/errors';
import { t } from '$lib/i18n/i18n.svelte';

/** Actions on hosts. */
export class HostActions {
  readonly #backend: Backend;
  readonly #toasts: Toasts;

  constructor(backend: Backend, toasts: Toasts) {
    this.#backend = backend;
    this.#toasts = toasts;
  }

  /** Pauses the host, or goes on with it. True when it was done. */
  async pause(row: HostRow, paused: boolean): Promise<boolean> {
    return this.#say(async () => {
      await this.#backend.call('pause_host', { host: row.id, paused });
      this.#toasts.say(t(paused ? 'hosts:paused_now' : 'hosts:resumed_now', { name: row.name }));
    });
  }

  /** Lets containers of the host be changed from here, or no longer. True when it was done. */
  async setWriting(row: HostRow, on: boolean): Promise<boolean> {
    return this.#say(async () => {
      await this.#backend.call('set_host_writing', { host: row.id, on });
      this.#toasts.say(t(on ? 'deploys:writing.said_on' : 'deploys:writing.said_off', { host: row.name }));
    });
  }

  /** Tries to reach the host at once. True when the try was started. */
  async retry(row: HostRow): Promise<boolean> {
    return this.#say(async () => {
      await this.#backend.call('retry_host', { host: row.id });
      this.#toasts.say(t('hosts:retrying_now', { name: row.name }), 'busy');
    });
  }

  /** Removes the host and offers to take it back. True when it was removed. */
  async remove(row: HostRow): Promise<boolean> {
    return this.#say(async () => {
      await this.#backend.call('remove_host', { host: row.id });
      this.#toasts.say(t('hosts:removed', { name: row.name }), 'idle', {
        label: t('common:action.undo'),
        run: () => void this.#restore(row),
      });
    });
  }

  /** Puts the address on the clipboard. */
  async copyAddress(row: HostRow): Promise<boolean> {
    return this.#say(async () => {
      await this.#backend.copyText(row.address);
      this.#toasts.say(t('hosts:fault.copied'));
    });
  }

  /** Puts the host's newest report, as JSON, on the clipboard. */
  async copyReport(row: HostRow): Promise<boolean> {
    return this.#say(async () => {
      const report = await this.#backend.call('host_report', { host: row.id, window_start_ms: null });
      await this.#backend.copyText(JSON.stringify(report, null, 2));
      this.#toasts.say(t('hosts:report_copied', { name: row.name }));
    });
  }

  async #restore(row: HostRow): Promise<boolean> {
    return this.#say(async () => {
      await this.#backend.call('restore_host', { host: row.id });
      this.#toasts.say(t('hosts:restored', { name: row.name }));
    });
  }

  async #say(act: () => Promise<void>): Promise<boolean> {
    try {
      await act();
      return true;
    } catch (thrown) {
      this.#toasts.say(sentenceOf(wireErrorOf(thrown)), 'danger');
      return false;
    }
  }
}
