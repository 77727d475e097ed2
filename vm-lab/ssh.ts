/**
 * How the machines are reached over SSH: keys made for this lab alone, host keys pinned before the first boot, and the
 * same settings for OpenSSH (ssh_config) and for Ansible and lvsctl (an inventory). The way in is a ProxyCommand of two
 * small programs, because `plan` pays for it on every host.
 */
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { addressOf, isDirector, MACHINES, type Machine } from './layout.ts';
import { insideClient, type Namespace } from './namespace.ts';
import { machineFolder, type Place } from './place.ts';

export const LOGIN_USER = 'ops';

export interface LabKeys {
  /** The public key that logs in. */
  readonly login: string;
  /** Private host keys. */
  readonly hosts: ReadonlyMap<Machine, string>;
}

/** Makes every key of the lab, and known_hosts. */
export async function makeKeys(place: Place): Promise<LabKeys> {
  const hostKey = (machine: Machine) => join(machineFolder(place, machine), 'host_key');
  await Promise.all([makeKey(place.key), ...MACHINES.map((machine) => makeKey(hostKey(machine)))]);
  const lines = await Promise.all(
    MACHINES.map(async (machine) => {
      const [kind, key] = (await readFile(`${hostKey(machine)}.pub`, 'utf8')).split(' ');
      return `${machine},${addressOf(machine, 'mgmt')} ${kind} ${key}\n`;
    }),
  );
  await writeFile(place.knownHosts, lines.join(''));
  const hosts = await Promise.all(
    MACHINES.map(async (machine) => [machine, await readFile(hostKey(machine), 'utf8')] as const),
  );
  return { login: await readFile(`${place.key}.pub`, 'utf8'), hosts: new Map(hosts) };
}

async function makeKey(path: string): Promise<void> {
  await execa('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'lab', '-f', path]);
}

/** Writes the proxy program, ssh_config and the inventory. */
export async function writeSshFiles(place: Place, namespace: Namespace): Promise<void> {
  const enter = insideClient(namespace).join(' ');
  await writeFile(place.proxy, `#!/bin/sh\nexec ${enter} socat - "TCP:$1:$2,nodelay,connect-timeout=10"\n`);
  await chmod(place.proxy, 0o755);
  await writeFile(place.sshConfig, sshConfig(place));
  await writeFile(place.inventory, inventory(place.folder));
}

function sshConfig(place: Place): string {
  const machines = MACHINES.map((machine) => `Host ${machine}\n  HostName ${addressOf(machine, 'mgmt')}\n`);
  return `${machines.join('')}Host *
  User ${LOGIN_USER}
  IdentityFile ${place.key}
  IdentitiesOnly yes
  UserKnownHostsFile ${place.knownHosts}
  GlobalKnownHostsFile /dev/null
  StrictHostKeyChecking yes
  ProxyCommand ${place.proxy} %h %p
`;
}

/** Ansible's YAML shape. inventory/lab.yaml is this text for the default lab; a test holds them equal. */
export function inventory(folder: string): string {
  const lines = (machines: readonly Machine[]) =>
    machines.map((machine) => `        ${machine}: { ansible_host: ${addressOf(machine, 'mgmt')} }\n`).join('');
  return `# How to reach the lab's machines (lvsctl lab up), for lvsctl and for Ansible.
all:
  children:
    directors:
      hosts:
${lines(MACHINES.filter(isDirector))}    realservers:
      hosts:
${lines(MACHINES.filter((machine) => !isDirector(machine)))}  vars:
    ansible_user: ${LOGIN_USER}
    ansible_private_key_file: ${folder}/key
    ansible_ssh_common_args: >-
      -o ProxyCommand="${folder}/proxy %h %p"
      -o UserKnownHostsFile=${folder}/known_hosts
      -o StrictHostKeyChecking=yes
    ansible_python_interpreter: /usr/bin/python3
`;
}
