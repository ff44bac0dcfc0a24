/** The desktop face as a backend. The only file that knows Tauri. */
import { Channel, invoke, type InvokeArgs } from '@tauri-apps/api/core';
import type { AppEvent } from '$lib/bindings';
import { type AnswerOf, type Backend, CommandFailed, type CommandName, type FileToSave, wireErrorOf } from './backend';

/** Whether the window runs inside the desktop face. */
export function insideTauri(): boolean {
  return '__TAURI_INTERNALS__' in window;
}

/** Speaks to the desktop face. */
export function tauriBackend(): Backend {
  return {
    call<C extends CommandName>(name: C, request: unknown): Promise<AnswerOf<C>> {
      return ask<AnswerOf<C>>(name, { request });
    },
    async subscribe(onevent) {
      const channel = new Channel<AppEvent>();
      channel.onmessage = onevent;
      await ask('subscribe', { channel });
      return () => {
        channel.onmessage = () => undefined;
      };
    },
    async saveFile({ suggestedName, contents }: FileToSave) {
      const request = { suggested_name: suggestedName, contents_base64: base64Of(contents) };
      return (await ask<{ saved: boolean }>('save_file', { request })).saved;
    },
    copyText,
    async openExternal(url) {
      await ask('open_external', { request: { url } });
    },
  };
}

async function ask<Answer>(command: string, payload: InvokeArgs): Promise<Answer> {
  try {
    return await invoke<Answer>(command, payload);
  } catch (thrown) {
    throw new CommandFailed(wireErrorOf(thrown));
  }
}

/** Copies by the clipboard interface, and where a webview has none or forbids it, by the older way of a selection. */
async function copyText(text: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
  } catch (refused) {
    const area = document.createElement('textarea');
    area.value = text;
    area.className = 'visually-hidden';
    const focused = document.activeElement;
    document.body.append(area);
    area.select();
    const copied = document.execCommand('copy');
    area.remove();
    if (focused instanceof HTMLElement) focused.focus();
    if (!copied) throw refused;
  }
}

/** Base64 of bytes, in slices: one call with all of them would overflow the argument list. */
function base64Of(bytes: Uint8Array): string {
  const slice = 0x8000;
  let binary = '';
  for (let at = 0; at < bytes.length; at += slice) {
    binary += String.fromCharCode(...bytes.subarray(at, at + slice));
  }
  return btoa(binary);
}
