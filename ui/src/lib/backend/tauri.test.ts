import { clearMocks, mockIPC } from '@tauri-apps/api/mocks';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { AppEvent } from '$lib/bindings';
import { CommandFailed } from './backend';
import { reasonOf } from './reason';
import { tauriBackend } from './tauri';

afterEach(clearMocks);

describe('the desktop face', () => {
  it('is asked by the command’s own name, with the request under one name', async () => {
    const asked: unknown[] = [];
    mockIPC((command, payload) => {
      asked.push([command, payload]);
      return { hosts: [] };
    });
    await tauriBackend().call('list_apps', { period: 'week' });
    await tauriBackend().call('list_hosts', null);
    expect(asked).toEqual([
      ['list_apps', { request: { period: 'week' } }],
      ['list_hosts', { request: null }],
    ]);
  });

  it('fails with the engine’s own error', async () => {
    const wire = {
      code: 'not_found',
      key: 'error.not_found.app',
      params: { name: 'x' },
      field: null,
      message: 'no such app: x',
    };
    mockIPC(() => Promise.reject(wire));
    const thrown = await tauriBackend()
      .call('app', { app: 'x', period: 'day' })
      .catch((error: unknown) => error);
    expect(thrown).toBeInstanceOf(CommandFailed);
    expect((thrown as CommandFailed).wire).toEqual(wire);
  });

  it('words a failure that is not the engine’s', async () => {
    mockIPC(() => Promise.reject('command app not allowed by ACL'));
    const thrown = await tauriBackend()
      .call('app', { app: 'x', period: 'day' })
      .catch((error: unknown) => error);
    expect((thrown as CommandFailed).wire).toMatchObject({
      code: 'internal',
      message: 'command app not allowed by ACL',
    });
  });

  it('saves bytes as base64, whole, however many', async () => {
    let saved = '';
    mockIPC((_, payload) => {
      saved = (payload as { request: { contents_base64: string } }).request.contents_base64;
      return { saved: true };
    });
    const contents = Uint8Array.from({ length: 200_000 }, (_, at) => at % 256);
    expect(await tauriBackend().saveFile({ suggestedName: 'a.png', contents })).toBe(true);
    expect(Uint8Array.from(atob(saved), (letter) => letter.charCodeAt(0))).toEqual(contents);
  });

  it('says why a file could not be saved, in the shell’s own words', async () => {
    const wire = {
      code: 'internal',
      key: 'error.internal',
      params: { reason: 'read-only' },
      field: null,
      message: 'read-only',
    };
    mockIPC(() => Promise.reject(wire));
    const thrown = await tauriBackend()
      .saveFile({ suggestedName: 'a.csv', contents: new Uint8Array() })
      .catch((error: unknown) => error);
    expect(reasonOf(thrown)).toContain('read-only');
  });

  it('copies by a selection where the webview’s clipboard refuses', async () => {
    const copied: string[] = [];
    vi.spyOn(navigator.clipboard, 'writeText').mockRejectedValue(new Error('not allowed'));
    document.execCommand = () => {
      copied.push(
        (document.activeElement as HTMLTextAreaElement | null)?.value ??
          document.querySelector('textarea')?.value ??
          '',
      );
      return true;
    };
    await tauriBackend().copyText('memory: 96M');
    expect(copied).toEqual(['memory: 96M']);
    expect(document.querySelector('textarea'), 'nothing is left behind').toBeNull();
    document.execCommand = () => false;
    await expect(tauriBackend().copyText('x')).rejects.toThrow('not allowed');
  });

  it('hands on what comes through the channel, until it is let go', async () => {
    let send: (event: AppEvent) => void = () => undefined;
    mockIPC((_, payload) => {
      const { channel } = payload as { channel: { onmessage: (event: AppEvent) => void } };
      send = (event) => channel.onmessage(event);
    });
    const heard: AppEvent[] = [];
    const stop = await tauriBackend().subscribe((event) => heard.push(event));
    send({ type: 'changed', tags: ['apps'] });
    stop();
    send({ type: 'changed', tags: ['hosts'] });
    expect(heard).toEqual([{ type: 'changed', tags: ['apps'] }]);
  });
});
