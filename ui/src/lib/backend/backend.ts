/**
 * What the window needs from whatever is behind it: the desktop face, or the made-up fleet of tests and design work.
 *
 * Nothing else in the window knows which of the two it talks to.
 */
import { createContext } from 'svelte';
import type { AppEvent, Commands, WireError } from '$lib/bindings';

/** Name of a command. */
export type CommandName = keyof Commands;
/** What a command is asked with. */
export type RequestOf<C extends CommandName> = Commands[C]['request'];
/** What a command answers. */
export type AnswerOf<C extends CommandName> = Commands[C]['answer'];

/** A file the user is asked a place for. */
export interface FileToSave {
  /** Name to start from, with its ending. */
  suggestedName: string;
  /** What goes in. */
  contents: Uint8Array;
}

/** Everything behind the window. */
export interface Backend {
  /** Asks one command. Rejects with [`CommandFailed`] only. */
  call<C extends CommandName>(name: C, request: RequestOf<C>): Promise<AnswerOf<C>>;
  /** Hands every event to `onevent` until the answer is called. */
  subscribe(onevent: (event: AppEvent) => void): Promise<() => void>;
  /** Asks where to save, and saves. False when the user changed their mind. */
  saveFile(file: FileToSave): Promise<boolean>;
  /** Puts text on the clipboard. */
  copyText(text: string): Promise<void>;
  /** Opens an address in the user's browser. */
  openExternal(url: string): Promise<void>;
}

/** A command that failed; nothing was stored. */
export class CommandFailed extends Error {
  readonly wire: WireError;

  constructor(wire: WireError) {
    super(wire.message);
    this.name = 'CommandFailed';
    this.wire = wire;
  }
}

/** The wire error of anything that was thrown; what is not one of ours becomes `internal`, with its own words. */
export function wireErrorOf(thrown: unknown): WireError {
  if (thrown instanceof CommandFailed) return thrown.wire;
  if (isWireError(thrown)) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return { code: 'internal', key: 'error.internal', params: { reason: message }, field: null, message };
}

function isWireError(thrown: unknown): thrown is WireError {
  return typeof thrown === 'object' && thrown !== null && 'code' in thrown && 'key' in thrown && 'message' in thrown;
}

/** The backend of the window, handed down from the root layout. */
export const [getBackend, setBackend] = createContext<Backend>();
