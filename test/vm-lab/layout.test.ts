import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { address6Of, addressOf, HOSTS, MACHINES, NETWORKS } from '../../vm-lab/layout.ts';
import { parseDurationMs, parsePercent } from '../../vm-lab/measure.ts';
import { networkScript, portOf } from '../../vm-lab/network.ts';
import { placeOf } from '../../vm-lab/place.ts';
import { seedFiles } from '../../vm-lab/seed.ts';
import { inventory } from '../../vm-lab/ssh.ts';

const COMMITTED = resolve(import.meta.dirname, '../../inventory/lab.yaml');

it('has the committed inventory say what a lab writes, for the default lab', async () => {
  expect(await readFile(COMMITTED, 'utf8')).toBe(inventory('~/.local/state/lvsctl/lab/default'));
});

it('has an inventory that Ansible’s rules give every machine its address and settings', async () => {
  const { all } = parse(await readFile(COMMITTED, 'utf8'));
  const hosts = { ...all.children.directors.hosts, ...all.children.realservers.hosts };
  expect(Object.entries(hosts)).toEqual(MACHINES.map((name) => [name, { ansible_host: addressOf(name, 'mgmt') }]));
  expect(all.vars.ansible_ssh_common_args).toMatch(
    /^-o ProxyCommand="\S+ %h %p" -o UserKnownHostsFile=\S+ -o \S+=yes$/,
  );
});

it('has the addresses of the contract', () => {
  expect(NETWORKS.map((network) => addressOf('lb1', network))).toEqual(['10.77.0.11', '10.77.1.11', '10.77.2.11']);
  expect(NETWORKS.map((network) => address6Of('lb1', network))).toEqual(['fd77::11', 'fd77:1::11', 'fd77:2::11']);
  expect(HOSTS.map((host) => addressOf(host, 'front').split('.')[3])).toEqual(['11', '12', '21', '22', '23', '254']);
});

it('names every cable as the kernel allows, and lays it once', () => {
  const ports = HOSTS.flatMap((host) => NETWORKS.map((network) => portOf(host, network)));
  for (const port of ports) {
    expect(port.length).toBeLessThan(16);
    expect(networkScript().split(`peer name ${port}`)).toHaveLength(2);
  }
});

it.each(['', 'A', '-x', 'a/b', '..', 'x'.repeat(32)])('refuses %j as the name of a lab', (name) => {
  expect(() => placeOf(name)).toThrow("a lab's name is");
});

it('reads times and losses, and nothing without a unit', () => {
  expect(['50ms', '3s', '1.5s', '2m'].map(parseDurationMs)).toEqual([50, 3000, 1500, 120_000]);
  expect(['0%', '10%', '0.5%', '100%'].map(parsePercent)).toEqual([0, 10, 0.5, 100]);
  for (const bad of ['', '3', 's', '-1s', '3 s', '1h']) expect(() => parseDurationMs(bad)).toThrow('a time is like');
  for (const bad of ['', '10', '%', '-1%', '101%']) expect(() => parsePercent(bad)).toThrow('a loss is like');
});

it('closes the firewall of a hostile machine, and keeps the web servers’ ports open on web servers only', () => {
  const seed = (machine: 'lb1' | 'web1') => seedFiles({ machine, profile: 'hostile', hostKey: 'key', loginKey: 'key' });
  expect(seed('lb1')['/etc/lab/firewall']).toContain(':INPUT DROP');
  expect(seed('lb1')['/etc/lab/firewall']).not.toContain('80,443');
  expect(seed('web1')['/etc/lab/firewall']).toContain('--dports 80,443 -j ACCEPT');
  const plain = seedFiles({ machine: 'lb1', profile: 'default', hostKey: 'key', loginKey: 'key' });
  expect(Object.keys(plain).filter((path) => path.includes('firewall') || path.includes('network/'))).toEqual([]);
});
