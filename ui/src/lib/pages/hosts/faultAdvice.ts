/**
 * Which advice and which command go with a fault of a host.
 *
 * The sentences are in the `faults` catalogue; what is to be typed into a terminal is the same in every language and is
 * made here. Commands are only ever shown and copied, never run.
 */
import type { FaultCause, TlsDraft, Transport } from '$lib/bindings';
import { isRefusal, readAddress, type Address } from './address';

/** How the advice of a cause differs by the way the host is reached. */
export type AdviceVariant = 'advice' | 'advice_unix' | 'advice_ssh' | 'advice_podman';

/** Where the host that failed was meant to be. */
export interface Reached {
  /** Address as typed. */
  address: string;
  /** Certificates, when it has any. */
  tls: TlsDraft | null;
}

const UNIX_VARIANT: ReadonlySet<FaultCause> = new Set(['refused', 'timed_out']);
const SSH_VARIANT: ReadonlySet<FaultCause> = new Set([
  'refused',
  'name_not_found',
  'socket_missing',
  'permission_denied',
]);

/** Key of the advice within the cause's entry of the catalogue. */
export function adviceVariant(cause: FaultCause, reached: Reached): AdviceVariant {
  const transport = transportOf(reached) ?? 'unix';
  if (cause === 'permission_denied' && transport === 'unix' && isPodman(reached.address)) return 'advice_podman';
  if (transport === 'unix' && UNIX_VARIANT.has(cause)) return 'advice_unix';
  if (transport === 'ssh' && SSH_VARIANT.has(cause)) return 'advice_ssh';
  return 'advice';
}

/** How a typed address would be reached; `null` when it is not an address. */
export function transportOf(reached: Reached): Transport | null {
  const address = readAddress(reached.address);
  if (isRefusal(address)) return null;
  if (address.kind === 'tcp') return reached.tls === null ? 'plain' : 'tls';
  return address.kind;
}

/**
 * The command that mends or explains the fault, ready for a terminal; `null` where no single command helps.
 * Every value that comes from the address is quoted for a POSIX shell.
 */
export function adviceCommand(cause: FaultCause, reached: Reached): string | null {
  const address = readAddress(reached.address);
  if (isRefusal(address)) return null;
  switch (cause) {
    case 'refused':
      return address.kind === 'unix' ? startCommand(address.path) : null;
    case 'timed_out':
      return address.kind === 'unix' ? logCommand(address) : null;
    case 'engine_error':
    case 'connection_lost':
      return logCommand(address);
    case 'name_not_found':
      return address.kind === 'unix' ? null : `getent hosts ${quoted(address.host)}`;
    case 'socket_missing':
      return address.kind === 'unix' ? startCommand(address.path) : null;
    case 'permission_denied':
      return permissionCommand(address);
    case 'ssh_missing':
      return 'sudo apt install openssh-client';
    case 'forwarding_refused':
      return 'sudo systemctl reload ssh';
    case 'tls_name':
      return address.kind === 'tcp'
        ? `openssl s_client -connect ${quoted(authority(address.host, address.port))} </dev/null | openssl x509 -noout -subject -ext subjectAltName`
        : null;
    case 'tls_ca':
      return reached.tls ? `openssl x509 -noout -subject -dates -in ${quoted(reached.tls.ca)}` : null;
    case 'tls_client_refused':
      return reached.tls ? `openssl x509 -noout -issuer -dates -in ${quoted(reached.tls.cert)}` : null;
    case 'ssh_key_refused':
    case 'ssh_host_key_unknown':
    case 'ssh_host_key_changed':
    case 'ssh_failed':
      return address.kind === 'ssh' ? sshCommand(cause, address) : null;
    case 'other':
      return dockerCommand(reached);
    case 'network_unreachable':
    case 'certificate_unreadable':
    case 'not_an_engine':
    case 'api_too_old':
    case 'bad_answer':
    case 'answer_too_large':
      return null;
  }
}

/** Which service unit keeps the socket: the operator's own (rootless) or the machine's, of Docker or Podman. */
function unitOf(path: string): { scope: string; unit: string; socket: string } {
  const rootless = path.startsWith('/run/user/');
  const podman = isPodman(path);
  return {
    scope: rootless ? 'systemctl --user' : 'sudo systemctl',
    unit: podman ? 'podman' : 'docker',
    socket: podman ? 'podman.socket' : 'docker',
  };
}

function isPodman(path: string): boolean {
  return path.includes('podman');
}

function startCommand(path: string): string {
  const { scope, socket } = unitOf(path);
  return `${scope} enable --now ${socket}`;
}

function logCommand(address: Address): string {
  const log = 'journalctl -u docker -n 50 --no-pager';
  if (address.kind === 'unix') {
    const { scope, unit } = unitOf(address.path);
    return scope.includes('--user')
      ? `journalctl --user -u ${unit} -n 50 --no-pager`
      : `sudo ${log.replace('docker', unit)}`;
  }
  return address.kind === 'ssh' ? `${ssh(address)} -t ${quoted(`sudo ${log}`)}` : `sudo ${log}`;
}

function permissionCommand(address: Address): string | null {
  if (address.kind === 'tcp') return null;
  if (address.kind === 'unix') {
    return isPodman(address.path) ? 'systemctl --user enable --now podman.socket' : 'sudo usermod -aG docker "$USER"';
  }
  return `${ssh(address)} -t 'sudo usermod -aG docker "$USER"'`;
}

function sshCommand(
  cause: 'ssh_key_refused' | 'ssh_host_key_unknown' | 'ssh_host_key_changed' | 'ssh_failed',
  address: Extract<Address, { kind: 'ssh' }>,
): string {
  const port = address.port === null ? '' : ` -p ${address.port}`;
  switch (cause) {
    case 'ssh_key_refused':
      return `ssh-copy-id${port} ${quoted(address.destination)}`;
    case 'ssh_host_key_unknown':
      return `ssh-keyscan -H${port} ${quoted(address.host)} >> ~/.ssh/known_hosts`;
    case 'ssh_host_key_changed':
      // known_hosts writes a port other than 22 as [host]:port.
      return `ssh-keygen -R ${quoted(address.port === null || address.port === 22 ? address.host : `[${address.host}]:${address.port}`)}`;
    case 'ssh_failed':
      return `${ssh(address)} docker version`;
  }
}

function ssh(address: Extract<Address, { kind: 'ssh' }>): string {
  return `ssh${address.port === null ? '' : ` -p ${address.port}`} ${quoted(address.destination)}`;
}

function dockerCommand(reached: Reached): string {
  const tls = reached.tls
    ? ` --tlsverify --tlscacert ${quoted(reached.tls.ca)} --tlscert ${quoted(reached.tls.cert)} --tlskey ${quoted(reached.tls.key)}`
    : '';
  return `docker -H ${quoted(reached.address.trim())}${tls} version`;
}

function authority(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** The text as one word of a POSIX shell. */
function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
