import { describe, expect, it } from 'vitest';
import { loadTopology } from '../../src/config/load.ts';
import type { Host } from '../../src/inventory/host.ts';
import { loadInventory } from '../../src/inventory/inventory.ts';
import { hostsOf, resolveHosts } from '../../src/inventory/resolve-hosts.ts';

const HEAD = `
cluster: a
ssh: { user: everyone, port: 2022, become: doas }
directors: { lb1: { dip: { eth1: 10.0.0.1 } }, lb2: { dip: { eth1: 10.0.0.2 }, ssh: { host: lb2.mgmt, user: own } } }
realservers: { web1: { rip: 10.0.0.3 } }
groups: { blue: [web1] }
`;

function hosts(inventoryText: string | null): Map<string, Host> {
  const topology = loadTopology(HEAD, '/t/topology.yaml');
  if ('problems' in topology) throw new Error('the topology is wrong');
  const inventory = inventoryText === null ? null : loadInventory(inventoryText, 'i');
  if (inventory !== null && 'problems' in inventory) throw new Error(inventory.problems[0]?.message);
  return new Map(resolveHosts(topology.config, inventory?.inventory ?? null).map((host) => [host.name, host]));
}

describe('resolveHosts', () => {
  it('without an inventory: the name is the address, and the topology says the rest', () => {
    expect(hosts(null).get('web1')).toEqual({
      name: 'web1',
      address: 'web1',
      port: 2022,
      user: 'everyone',
      identity: null,
      password: null,
      proxyCommand: null,
      jump: null,
      knownHostsFiles: null,
      hostKeyPolicy: null,
      identitiesOnly: null,
      become: 'doas',
      becomePassword: null,
      vars: {},
      groups: ['realservers', 'blue'],
    });
  });

  it('the inventory wins over the defaults of the topology, and a host of the topology over the inventory', () => {
    const found = hosts(
      'all: { vars: { ansible_user: inv }, hosts: { lb1: { ansible_host: 192.0.2.1 }, lb2: { ansible_host: 192.0.2.2, ansible_port: "22" } } }',
    );
    expect(found.get('lb1')).toMatchObject({
      address: '192.0.2.1',
      user: 'inv',
      port: 2022,
      groups: ['all', 'directors'],
    });
    expect(found.get('lb2')).toMatchObject({ address: 'lb2.mgmt', user: 'own', port: 22 });
    expect(found.get('web1')).toMatchObject({ address: 'web1', user: 'everyone' });
  });

  it.each([
    ['{ ansible_ssh_private_key_file: ~/k, ansible_password: p }', { identity: '~/k', password: 'p' }],
    ['{ ansible_become: yes, ansible_become_pass: s }', { become: 'sudo', becomePassword: 's' }],
    ['{ ansible_become: true, ansible_become_method: doas }', { become: 'doas' }],
    ['{ ansible_ssh_common_args: -o ProxyJump=me@b:22 }', { jump: 'me@b:22', proxyCommand: null }],
    ['{ ansible_ssh_common_args: -o ProxyCommand="x %h" -J b }', { jump: null, proxyCommand: 'x %h' }],
    ['{ ansible_ssh_common_args: -o ProxyCommand=none }', { proxyCommand: null }],
    ['{ ansible_ssh_common_args: -o User=arg -o Port=99, ansible_user: var }', { user: 'var', port: 99 }],
    ['{ ansible_ssh_extra_args: -o UserKnownHostsFile="~/a ~/b" }', { knownHostsFiles: ['~/a', '~/b'] }],
    ['{ ansible_ssh_args: -o StrictHostKeyChecking=accept-new }', { hostKeyPolicy: 'accept-new' }],
    ['{ ansible_ssh_args: -o StrictHostKeyChecking=ask }', { hostKeyPolicy: 'strict' }],
    ['{ ansible_host_key_checking: no }', { hostKeyPolicy: 'off' }],
    ['{ ansible_ssh_args: -o IdentitiesOnly=yes -i /k }', { identitiesOnly: true, identity: '/k' }],
  ])('%s', (vars, expected) => {
    expect(hosts(`all: { hosts: { web1: ${vars} } }`).get('web1')).toMatchObject(expected);
  });

  it('gives the hosts of an inventory by themselves, too', () => {
    const loaded = loadInventory('web: { hosts: { "w[1:2]": { ansible_port: 5 } } }', 'i');
    if ('problems' in loaded) throw new Error('wrong');
    expect(hostsOf(loaded.inventory).map(({ name, port, groups }) => [name, port, groups])).toEqual([
      ['w1', 5, ['all', 'web']],
      ['w2', 5, ['all', 'web']],
    ]);
  });
});
