/**
 * What an address typed into the host form means, judged while it is typed.
 *
 * The engine judges again and decides (crates/roadstead-model/src/endpoint.rs); these are the same rules with the same
 * sentence keys, so that nobody has to press a button to learn that a port is wrong. Nothing is looked up or reached.
 */

/** A sentence of the catalogue and the values it is filled with. */
export interface Sentence {
  /** Key as the engine sends it, `error.<…>`. */
  key: string;
  /** Values for its placeholders. */
  params: Record<string, string>;
}

/** An address that is allowed. */
export type Address =
  | { kind: 'unix'; path: string }
  | { kind: 'tcp'; host: string; port: number }
  | { kind: 'ssh'; destination: string; host: string; port: number | null; socket: string | null };

/** Default port of an engine that listens with TLS. */
const DEFAULT_TCP_PORT = 2376;
/** Letters and digits of any script, and what host names, IPv6 addresses, zones and ssh aliases also hold. */
const HOST = /^[\p{L}\p{N}._:%-]*$/u;

/** Thrown inside this module only; `readAddress` turns it into its answer. */
class Refusal extends Error {
  constructor(readonly sentence: Sentence) {
    super(sentence.key);
  }
}

function refuse(key: string, value = ''): never {
  throw new Refusal({ key: `error.endpoint.${key}`, params: { value } });
}

/** The address, or the sentence that says what is wrong with it. The text of a password is in neither. */
export function readAddress(typed: string): Address | Sentence {
  try {
    return parse(typed.trim());
  } catch (error) {
    if (error instanceof Refusal) return error.sentence;
    throw error;
  }
}

/** Whether reading an address ended in a refusal. */
export function isRefusal(answer: Address | Sentence): answer is Sentence {
  return 'key' in answer;
}

function parse(text: string): Address {
  const at = text.indexOf('://');
  if (at < 0) {
    return text.startsWith('/') ? { kind: 'unix', path: text } : refuse('unknown_scheme', withoutPassword(text));
  }
  const rest = text.slice(at + 3);
  switch (text.slice(0, at).toLowerCase()) {
    case 'unix':
      return rest.startsWith('/') ? { kind: 'unix', path: rest } : refuse('relative_socket');
    case 'tcp':
    case 'http':
    case 'https':
      return parseTcp(rest);
    case 'ssh':
      return parseSsh(rest);
    default:
      return refuse('unknown_scheme', withoutPassword(text));
  }
}

function parseTcp(rest: string): Address {
  const [authority, path] = splitPath(rest);
  if (path !== '' && path !== '/') refuse('unexpected_path');
  if (authority.includes('@')) refuse('password');
  const { host, port } = splitPort(authority);
  if (host === '') refuse('no_host', 'tcp://host:2376');
  checkHost(host);
  return { kind: 'tcp', host, port: port ?? DEFAULT_TCP_PORT };
}

function parseSsh(rest: string): Address {
  const [authority, path] = splitPath(rest);
  const userEnd = authority.lastIndexOf('@');
  const user = userEnd < 0 ? null : authority.slice(0, userEnd);
  if (user?.includes(':')) refuse('password');
  const { host, port } = splitPort(authority.slice(userEnd + 1));
  if (host === '') refuse('no_host', 'ssh://user@host');
  checkHost(host);
  if (user !== null) checkHost(user);
  return {
    kind: 'ssh',
    destination: user === null ? host : `${user}@${host}`,
    host,
    port,
    socket: path === '' || path === '/' ? null : path,
  };
}

function splitPath(rest: string): [authority: string, path: string] {
  const at = rest.indexOf('/');
  return at < 0 ? [rest, ''] : [rest.slice(0, at), rest.slice(at)];
}

function splitPort(authority: string): { host: string; port: number | null } {
  let host = authority;
  let port: string | null = null;
  if (authority.startsWith('[')) {
    const end = authority.indexOf(']');
    if (end < 0) refuse('bad_host', authority);
    host = authority.slice(1, end);
    port = authority[end + 1] === ':' ? authority.slice(end + 2) : null;
  } else {
    const colon = authority.lastIndexOf(':');
    if (colon >= 0) {
      host = authority.slice(0, colon);
      port = authority.slice(colon + 1);
    }
  }
  if (port === null) return { host, port };
  const number = /^\+?\d+$/.test(port) ? Number(port) : 0;
  if (number < 1 || number > 65_535) refuse('bad_port', port);
  return { host, port: number };
}

/** A leading `-` would be an option to ssh. */
function checkHost(host: string): void {
  if (host.startsWith('-') || !HOST.test(host)) refuse('bad_host', host);
}

function withoutPassword(text: string): string {
  const at = text.lastIndexOf('@');
  return at < 0 ? text : `…@${text.slice(at + 1)}`;
}

/** A name to suggest for a host at this address: its machine's name, or nothing for this machine's own sockets. */
export function suggestedName(address: Address): string {
  if (address.kind === 'unix') return '';
  // An IPv4 address cut at its first dot would name nothing.
  return /^[\d.]+$|:/.test(address.host) ? address.host : (address.host.split('.')[0] ?? address.host);
}
