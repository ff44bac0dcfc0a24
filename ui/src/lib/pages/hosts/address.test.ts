import { describe, expect, it } from 'vitest';
import { isRefusal, readAddress, suggestedName } from './address';

function refusalOf(text: string) {
  const answer = readAddress(text);
  if (!isRefusal(answer)) throw new Error(`“${text}” was accepted`);
  return answer;
}

describe('an address', () => {
  it('is read as the docker CLI writes it', () => {
    expect(readAddress('unix:///var/run/docker.sock')).toEqual({ kind: 'unix', path: '/var/run/docker.sock' });
    expect(readAddress('/run/podman/podman.sock')).toEqual({ kind: 'unix', path: '/run/podman/podman.sock' });
    expect(readAddress('tcp://10.0.0.5:2375')).toEqual({ kind: 'tcp', host: '10.0.0.5', port: 2375 });
    expect(readAddress('tcp://engine.example/')).toEqual({ kind: 'tcp', host: 'engine.example', port: 2376 });
    expect(readAddress('tcp://[::1]:2376')).toEqual({ kind: 'tcp', host: '::1', port: 2376 });
    expect(readAddress(' ssh://ops@nas.example:2222 ')).toEqual({
      kind: 'ssh',
      destination: 'ops@nas.example',
      host: 'nas.example',
      port: 2222,
      socket: null,
    });
    expect(readAddress('ssh://nas/run/user/1000/docker.sock')).toMatchObject({
      destination: 'nas',
      socket: '/run/user/1000/docker.sock',
    });
  });

  it('that is refused says why with the key the engine uses', () => {
    expect(refusalOf('docker.sock').key).toBe('error.endpoint.unknown_scheme');
    expect(refusalOf('ftp://x').key).toBe('error.endpoint.unknown_scheme');
    expect(refusalOf('unix://run/x.sock').key).toBe('error.endpoint.relative_socket');
    expect(refusalOf('tcp://h:0')).toEqual({ key: 'error.endpoint.bad_port', params: { value: '0' } });
    expect(refusalOf('tcp://h:99999').params.value).toBe('99999');
    expect(refusalOf('tcp://h:x').key).toBe('error.endpoint.bad_port');
    expect(refusalOf('tcp://:2376')).toEqual({ key: 'error.endpoint.no_host', params: { value: 'tcp://host:2376' } });
    expect(refusalOf('ssh://').params.value).toBe('ssh://user@host');
    expect(refusalOf('tcp://h:1/v1').key).toBe('error.endpoint.unexpected_path');
    expect(refusalOf('ssh://-oProxyCommand=x').key).toBe('error.endpoint.bad_host');
    expect(refusalOf('ssh://a b').key).toBe('error.endpoint.bad_host');
    expect(refusalOf('tcp://[::1').key).toBe('error.endpoint.bad_host');
  });

  it('never repeats a password', () => {
    for (const text of ['ssh://ops:hunter2@nas', 'tcp://ops:hunter2@nas:2376', 'gopher://ops:hunter2@nas']) {
      expect(JSON.stringify(refusalOf(text)), text).not.toContain('hunter2');
    }
  });

  it('suggests the name of its machine', () => {
    const name = (text: string) => {
      const address = readAddress(text);
      if (isRefusal(address)) throw new Error(address.key);
      return suggestedName(address);
    };
    expect(name('ssh://ops@nas.example:22')).toBe('nas');
    expect(name('tcp://10.0.0.5')).toBe('10.0.0.5');
    expect(name('tcp://[fd00::1]')).toBe('fd00::1');
    expect(name('unix:///var/run/docker.sock'), 'this machine needs a name of the operator').toBe('');
  });
});
