/**
 * Who is in the lab and where: five machines on three networks, and the client, a network namespace of this machine.
 * The same figures stand in inventory/topologies; nothing else decides an address of the lab.
 */

import { LabError } from './lab-error.ts';

export const NETWORKS = ['mgmt', 'front', 'back'] as const;
export type Network = (typeof NETWORKS)[number];

export const MACHINES = ['lb1', 'lb2', 'web1', 'web2', 'web3'] as const;
export type Machine = (typeof MACHINES)[number];

/** A machine, or the client namespace: whatever can run a command or be cut off. */
export type Host = Machine | 'client';
export const HOSTS: readonly Host[] = [...MACHINES, 'client'];

export const PROFILES = ['default', 'hostile'] as const;
/** `hostile` is what real hosts look like: strict reverse path filter, a closed firewall, interfaces owned by networkd. */
export type Profile = (typeof PROFILES)[number];

const LAST_OCTET: Readonly<Record<Host, number>> = { lb1: 11, lb2: 12, web1: 21, web2: 22, web3: 23, client: 254 };

/** The address of a host on a network, all of them /24. */
export function addressOf(host: Host, network: Network): string {
  return `10.77.${NETWORKS.indexOf(network)}.${LAST_OCTET[host]}`;
}

/** Further addresses of the client on the front network, for load that must not be taken for an earlier one. */
export const CLIENT_SOURCES: readonly string[] = Array.from({ length: 50 }, (_, index) => `10.77.1.${201 + index}`);

/** The same over IPv6. */
export const CLIENT_SOURCES6: readonly string[] = Array.from({ length: 60 }, (_, index) => `fd77:1::5:${190 + index}`);

/** The IPv6 address of a host on a network, all of them /64: the last part reads as in IPv4. */
export function address6Of(host: Host, network: Network): string {
  return network === 'mgmt' ? `fd77::${LAST_OCTET[host]}` : `fd77:${NETWORKS.indexOf(network)}::${LAST_OCTET[host]}`;
}

/** eth0 is mgmt, eth1 front, eth2 back: on every machine and on the client. */
export function interfaceOf(network: Network): string {
  return `eth${NETWORKS.indexOf(network)}`;
}

/** The MAC of a machine's interface: locally administered, one for each address of the lab. */
export function macOf(host: Host, network: Network): string {
  const hex = (value: number) => value.toString(16).padStart(2, '0');
  return `02:00:0a:4d:${hex(NETWORKS.indexOf(network))}:${hex(LAST_OCTET[host])}`;
}

/** Memory of a machine in MiB: directors run the agent's two processes. Only what is touched is taken from this machine. */
export function memoryOf(machine: Machine): number {
  return isDirector(machine) ? 384 : 256;
}

export function isDirector(machine: Machine): boolean {
  return machine.startsWith('lb');
}

export function isMachine(name: string): name is Machine {
  return MACHINES.some((machine) => machine === name);
}

export function isProfile(name: string): name is Profile {
  return PROFILES.some((profile) => profile === name);
}

/** @throws LabError */
export function hostOf(name: string): Host {
  return oneOf(HOSTS, name, 'host');
}

/** @throws LabError */
export function machineOf(name: string): Machine {
  return oneOf(MACHINES, name, 'machine');
}

/** @throws LabError */
export function networkOf(name: string): Network {
  return oneOf(NETWORKS, name, 'network');
}

function oneOf<Name extends string>(all: readonly Name[], name: string, kind: string): Name {
  const found = all.find((one) => one === name);
  if (found === undefined) {
    throw new LabError(`the lab has no ${kind} ${JSON.stringify(name)}`, { code: 5, hints: [all.join(' ')] });
  }
  return found;
}
