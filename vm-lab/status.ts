/** What a lab looks like right now: looked up, not remembered. */
import { execa } from 'execa';
import { cuts } from './faults.ts';
import { type Impairment, impairments } from './impairment.ts';
import type { Lab } from './lab.ts';
import {
  addressOf,
  HOSTS,
  type Host,
  isMachine,
  type Machine,
  NETWORKS,
  type Network,
  type Profile,
} from './layout.ts';
import { powerOf } from './machine.ts';

export interface HostStatus {
  readonly host: Host;
  readonly power: 'on' | 'off' | 'stalled';
  /** Whether its SSH server says hello on the management network; of the client, always. */
  readonly answers: boolean;
  readonly addresses: Readonly<Record<Network, string>>;
  readonly cut: readonly Network[];
  readonly impaired: readonly Omit<Impairment, 'machine'>[];
}

export interface LabStatus {
  readonly name: string;
  readonly profile: Profile;
  readonly folder: string;
  readonly hosts: readonly HostStatus[];
}

export async function labStatus(lab: Lab): Promise<LabStatus> {
  const [pulled, impaired] = await Promise.all([cuts(lab), impairments(lab.place)]);
  const hosts = await Promise.all(
    HOSTS.map(async (host): Promise<HostStatus> => {
      const power = isMachine(host) ? await powerOf(lab.namespace, host) : 'on';
      return {
        host,
        power,
        answers: isMachine(host) ? power === 'on' && (await saysHello(lab, host)) : true,
        addresses: { mgmt: addressOf(host, 'mgmt'), front: addressOf(host, 'front'), back: addressOf(host, 'back') },
        cut: NETWORKS.filter((network) => pulled.some((one) => one.host === host && one.network === network)),
        impaired: impaired.filter((one) => one.machine === host).map(({ machine: _, ...rest }) => rest),
      };
    }),
  );
  return { name: lab.place.name, profile: lab.profile, folder: lab.place.folder, hosts };
}

/** Whether an SSH server's first line comes within 3 s. */
async function saysHello(lab: Lab, machine: Machine): Promise<boolean> {
  const hello = execa(lab.place.proxy, [addressOf(machine, 'mgmt'), '22'], {
    reject: false,
    timeout: 3000,
    stdin: 'pipe',
    buffer: false,
  });
  for await (const line of hello) {
    hello.kill();
    if (String(line).startsWith('SSH-')) return true;
  }
  return false;
}
