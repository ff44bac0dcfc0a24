import { describe, expect, it } from 'vitest';
import en from '$lib/i18n/en/faults.json';
import hu from '$lib/i18n/hu/faults.json';
import ru from '$lib/i18n/ru/faults.json';
import type { FaultCause } from '$lib/bindings';
import { adviceCommand, adviceVariant, type Reached, transportOf } from './faultAdvice';

/** Every cause once; the type makes a forgotten one an error. */
const CAUSES = Object.keys({
  refused: 0,
  timed_out: 0,
  name_not_found: 0,
  network_unreachable: 0,
  socket_missing: 0,
  permission_denied: 0,
  ssh_missing: 0,
  ssh_key_refused: 0,
  ssh_host_key_unknown: 0,
  ssh_host_key_changed: 0,
  forwarding_refused: 0,
  ssh_failed: 0,
  tls_name: 0,
  tls_ca: 0,
  tls_client_refused: 0,
  certificate_unreadable: 0,
  not_an_engine: 0,
  api_too_old: 0,
  engine_error: 0,
  connection_lost: 0,
  bad_answer: 0,
  answer_too_large: 0,
  other: 0,
} satisfies Record<FaultCause, 0>) as FaultCause[];

const TLS = { ca: '/certs/ca.pem', cert: "/my certs/it's.pem", key: '/certs/key.pem' };

const REACHED: Record<string, Reached> = {
  docker: { address: 'unix:///var/run/docker.sock', tls: null },
  podman: { address: 'unix:///run/podman/podman.sock', tls: null },
  tls: { address: 'tcp://h', tls: TLS },
  plain: { address: 'tcp://h', tls: null },
  ssh: { address: 'ssh://h', tls: null },
};

/** Causes that only some ways of reaching a host can have. */
const ONLY: Partial<Record<FaultCause, string[]>> = {
  permission_denied: ['docker', 'podman', 'ssh'],
  socket_missing: ['docker', 'podman', 'ssh'],
  name_not_found: ['tls', 'plain', 'ssh'],
  ssh_missing: ['ssh'],
  ssh_key_refused: ['ssh'],
  ssh_host_key_unknown: ['ssh'],
  ssh_host_key_changed: ['ssh'],
  forwarding_refused: ['ssh'],
  ssh_failed: ['ssh'],
  tls_name: ['tls'],
  tls_ca: ['tls'],
  tls_client_refused: ['tls'],
  certificate_unreadable: ['tls'],
};

/** Every cause with every way it can be met. */
function* meetings(): Generator<{ cause: FaultCause; way: string; reached: Reached }> {
  for (const cause of CAUSES) {
    for (const way of ONLY[cause] ?? Object.keys(REACHED)) {
      const reached = REACHED[way];
      if (reached) yield { cause, way, reached };
    }
  }
}

describe('advice', () => {
  it('is worded for every cause and way of reaching a host, in every language', () => {
    for (const [language, catalogue] of Object.entries({ en, hu, ru })) {
      for (const { cause, way, reached } of meetings()) {
        const entry: Partial<Record<string, string>> = catalogue[cause];
        expect(entry[adviceVariant(cause, reached)], `${language} ${cause} by ${way}`).toMatch(/\S/);
      }
    }
  });

  it('ends in a colon exactly where a command follows', () => {
    for (const [language, catalogue] of Object.entries({ en, hu, ru })) {
      for (const { cause, way, reached } of meetings()) {
        const entry: Partial<Record<string, string>> = catalogue[cause];
        const announced = entry[adviceVariant(cause, reached)]?.endsWith(':');
        expect(announced, `${language} ${cause} by ${way}`).toBe(adviceCommand(cause, reached) !== null);
      }
    }
  });
});

describe('a command', () => {
  it('names the host, user and port of the address', () => {
    const reached = { address: 'ssh://ops@nas.example:2222', tls: null };
    expect(adviceCommand('ssh_host_key_unknown', reached)).toBe(
      'ssh-keyscan -H -p 2222 nas.example >> ~/.ssh/known_hosts',
    );
    expect(adviceCommand('ssh_key_refused', reached)).toBe('ssh-copy-id -p 2222 ops@nas.example');
    expect(adviceCommand('ssh_host_key_changed', reached)).toBe("ssh-keygen -R '[nas.example]:2222'");
    expect(adviceCommand('permission_denied', reached)).toBe(
      `ssh -p 2222 ops@nas.example -t 'sudo usermod -aG docker "$USER"'`,
    );
  });

  it('starts the engine that owns the socket', () => {
    const start = (address: string) => adviceCommand('socket_missing', { address, tls: null });
    expect(start('/var/run/docker.sock')).toBe('sudo systemctl enable --now docker');
    expect(start('/run/user/1000/docker.sock')).toBe('systemctl --user enable --now docker');
    expect(start('/run/user/1000/podman/podman.sock')).toBe('systemctl --user enable --now podman.socket');
  });

  it('quotes what is not a plain word', () => {
    expect(adviceCommand('tls_client_refused', { address: 'tcp://h', tls: TLS })).toBe(
      `openssl x509 -noout -issuer -dates -in '/my certs/it'\\''s.pem'`,
    );
  });

  it('is not made from an address that is none', () => {
    expect(adviceCommand('permission_denied', { address: 'nonsense', tls: null })).toBeNull();
  });
});

describe('the transport of a draft', () => {
  it('follows the scheme and the certificates', () => {
    expect(transportOf({ address: 'tcp://h', tls: null })).toBe('plain');
    expect(transportOf({ address: 'tcp://h', tls: TLS })).toBe('tls');
    expect(transportOf({ address: 'ssh://h', tls: null })).toBe('ssh');
    expect(transportOf({ address: '/x', tls: null })).toBe('unix');
    expect(transportOf({ address: 'x', tls: null })).toBeNull();
  });
});
