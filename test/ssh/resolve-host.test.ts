import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { HostConnection } from '../../src/ssh/connection.ts';
import { type HostSettings, resolveHost } from '../../src/ssh/resolve-host.ts';
import { readSshConfig, sshConfigFrom } from '../../src/ssh/ssh-config.ts';

const CONFIG = `
Host lb1
  HostName lb1.mgmt.example.com
  User=admin
  Port 2222
  IdentityFile ~/.ssh/first
  IdentityFile "~/.ssh/second key"
  IdentitiesOnly yes
  HostKeyAlias LB-One

Host proxied
  ProxyCommand /usr/bin/nc -X "a b" %h %p %r %n %%

Host jumped
  ProxyJump ops@bastion:2200,inner

Host bastion
  HostName bastion.example.com
  ProxyJump outer

Host round
  ProxyJump round
Host ping
  ProxyJump pong
Host pong
  ProxyJump ping

Host careless
  StrictHostKeyChecking no
  UserKnownHostsFile /dev/null none
  IdentityAgent none
Host curious
  StrictHostKeyChecking ask
Host trusting
  StrictHostKeyChecking accept-new
  UserKnownHostsFile ~/a ~/b

Match host dangerous exec "touch /tmp/lvsctl-must-not-exist"
  User nobody
`;

const around = { sshConfig: sshConfigFrom(CONFIG), home: '/home/me', localUser: 'me', agentSocket: '/run/agent' };
const resolve = (settings: HostSettings): HostConnection => resolveHost(settings, around);

describe('resolveHost', () => {
  it('falls back to what OpenSSH does', () => {
    expect(resolve({ name: 'web1' })).toEqual({
      name: 'web1',
      address: 'web1',
      port: 22,
      user: 'me',
      identities: ['/home/me/.ssh/id_ed25519', '/home/me/.ssh/id_ecdsa', '/home/me/.ssh/id_rsa'],
      identitiesOnly: false,
      agentSocket: '/run/agent',
      password: null,
      proxyCommand: null,
      jumps: [],
      knownHostsFiles: ['/home/me/.ssh/known_hosts', '/home/me/.ssh/known_hosts2', '/etc/ssh/ssh_known_hosts'],
      hostKeyName: 'web1',
      hostKeyPolicy: 'strict',
      become: 'sudo',
      becomePassword: null,
    });
  });

  it('takes ssh_config, and what is written for the host before it', () => {
    expect(resolve({ name: 'lb1', fallbackAddress: '10.0.0.1' })).toMatchObject({
      address: 'lb1.mgmt.example.com',
      port: 2222,
      user: 'admin',
      identities: ['/home/me/.ssh/first', '/home/me/.ssh/second key'],
      identitiesOnly: true,
      hostKeyName: 'lb-one',
    });
    expect(resolve({ name: 'lb1', user: 'root', port: 22, identity: '~/k', become: 'sudo' })).toMatchObject({
      port: 22,
      user: 'root',
      identities: ['/home/me/k'],
      become: 'none',
    });
  });

  it('dials the written address, else the HostName, else the fallback', () => {
    expect(resolve({ name: 'lb1', address: '10.0.0.9' })).toMatchObject({ address: '10.0.0.9', user: 'me', port: 22 });
    expect(resolve({ name: 'web9', fallbackAddress: '10.0.0.5' })).toMatchObject({
      name: 'web9',
      address: '10.0.0.5',
      hostKeyName: '10.0.0.5',
    });
  });

  it('fills the tokens of a ProxyCommand', () => {
    const { proxyCommand } = resolve({ name: 'x', address: 'proxied', port: 2022, user: 'u' });
    expect(proxyCommand).toBe('/usr/bin/nc -X "a b" proxied 2022 u proxied %');
    expect(resolve({ name: 'proxied', proxyCommand: 'none' }).proxyCommand).toBeNull();
    expect(resolve({ name: 'y', proxyCommand: '~/proxy %h %p' }).proxyCommand).toBe('~/proxy y 22');
  });

  it('resolves each jump host by itself, the first one first', () => {
    const { jumps, proxyCommand } = resolve({ name: 'jumped', identity: '~/key' });
    expect(proxyCommand).toBeNull();
    expect(jumps.map(({ user, address, port, become }) => `${user}@${address}:${port} ${become}`)).toEqual([
      'me@outer:22 none',
      'ops@bastion.example.com:2200 none',
      'me@inner:22 none',
    ]);
    expect(jumps.map(({ identities }) => identities)).toEqual([['/home/me/key'], ['/home/me/key'], ['/home/me/key']]);
    expect(resolve({ name: 'z', jump: '[2001:db8::1]:99' }).jumps[0]).toMatchObject({
      address: '2001:db8::1',
      port: 99,
      hostKeyName: '[2001:db8::1]:99',
    });
    expect(resolve({ name: 'jumped', jump: 'none' }).jumps).toEqual([]);
  });

  it('is not led in circles', () => {
    expect(resolve({ name: 'round' }).jumps).toEqual([]);
    expect(() => resolve({ name: 'ping' })).toThrow('its jump hosts lead back to each other');
  });

  it('reads the policies of host keys, and never asks', () => {
    expect(resolve({ name: 'careless' })).toMatchObject({
      hostKeyPolicy: 'off',
      agentSocket: null,
      knownHostsFiles: ['/dev/null', '/etc/ssh/ssh_known_hosts'],
    });
    expect(resolve({ name: 'curious' }).hostKeyPolicy).toBe('strict');
    expect(resolve({ name: 'trusting' })).toMatchObject({
      hostKeyPolicy: 'accept-new',
      knownHostsFiles: ['/home/me/a', '/home/me/b', '/etc/ssh/ssh_known_hosts'],
    });
    expect(resolve({ name: 'trusting', hostKeyPolicy: 'strict' }).hostKeyPolicy).toBe('strict');
  });

  it.each([
    [{ name: 'a;reboot', proxyCommand: 'nc %h %p' }],
    [{ name: 'a', address: '-oProxyCommand=x' }],
    [{ name: 'a', address: '' }],
    [{ name: 'a', user: '$(reboot)', proxyCommand: 'nc %r@%h' }],
  ])('refuses what a shell would take for more than a name: %j', (settings) => {
    expect(() => resolve(settings)).toThrow(/is no (host name or address|user name)/);
  });

  it('runs no program to find out', () => {
    expect(resolve({ name: 'dangerous' }).user).toBe('me');
  });
});

describe('ssh_config files', () => {
  it('include others, relative to ~/.ssh, and go on with the block they stood in', () => {
    const home = mkdtempSync(join(tmpdir(), 'lvsctl-home-'));
    onTestFinished(() => rmSync(home, { recursive: true }));
    mkdirSync(join(home, '.ssh/conf.d'), { recursive: true });
    writeFileSync(join(home, '.ssh/conf.d/a'), 'Host lb1\n  Port 1001\n');
    writeFileSync(join(home, '.ssh/conf.d/b'), 'Host lb2\n  Port 1002\nInclude conf.d/*\n');
    writeFileSync(
      join(home, '.ssh/config'),
      'Host lb*\n  Include conf.d/* "missing file"\n  User after\nHost *\n  User other\n',
    );
    const files = readSshConfig(home);
    expect(files.keywordsFor('lb1')).toMatchObject({ port: ['1001'], user: ['after'] });
    expect(files.keywordsFor('lb2')).toMatchObject({ port: ['1002'], user: ['after'] });
    expect(files.keywordsFor('web1')['user']).toEqual(['other']);
  });
});
