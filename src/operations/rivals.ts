/** Others that may fight for a director's addresses or its IPVS table: what an operator should know, although it goes on. */
import type { DirectorWanted, Wanted } from '../desired/wanted.ts';
import type { HostFacts } from '../facts/host.ts';

type AgentState = NonNullable<NonNullable<HostFacts['agent']>['state']>;
/** A service as the agent tells it. */
type ServiceState = AgentState['ipvs']['services'][number];

/** Agents by which a cloud puts addresses on its machines, and takes others off. */
export const CLOUD_AGENTS = ['google-guest-agent.service', 'walinuxagent.service', 'waagent.service'] as const;

/** Sentences without the host's name in front. */
export function warningsOf({ director }: Wanted, { rivals, units, agent }: HostFacts): string[] {
  if (director === null || rivals === null) return [];
  const foreign = agent?.state
    ? foreignTo(agent.state)
    : rivals.services.filter((service) => !isOurs(service, director));
  const runs = (unit: string): boolean => units[`${unit}.service`]?.active ?? false;
  return [
    ...Object.entries(runs('systemd-networkd') ? rivals.networkd : {}).map(
      ([name, file]) =>
        `systemd-networkd takes the VIPs off ${name} whenever it configures that anew; they come back within 100 ms; with KeepConfiguration=yes in ${file} they stay.`,
    ),
    ...(runs('NetworkManager') ? rivals.networkManager : []).map(
      (name) =>
        `NetworkManager takes the VIPs off ${name} whenever its connection is activated anew; they come back within 100 ms; with ${name} among its unmanaged-devices they stay.`,
    ),
    ...(rivals.dhcpcd
      ? ["dhcpcd runs here: VRRP speaks from the director's own address, which must not change; give it a fixed one."]
      : []),
    ...CLOUD_AGENTS.filter((unit) => units[unit]?.active).map(
      (unit) => `${unit} runs here and may take addresses away that its cloud has not assigned.`,
    ),
    ...(foreign.length === 0
      ? []
      : [
          `IPVS has services that the topology does not name (${listed(foreign)}); they stay as they are; if another program made them, stop it, for it may change others too; what nobody needs is deleted with ipvsadm -D.`,
        ]),
  ];
}

/** Of an agent that does not run now, its own means included. */
function isOurs(service: string, { listeners, reservedMarks: { first, last } }: DirectorWanted): boolean {
  const mark = Number(/^fwm (\d+)$/.exec(service)?.[1] ?? 0);
  return listeners.includes(service) || (mark >= first && mark <= last);
}

/** What an earlier topology named, and still drains, is no stranger. */
function foreignTo({ ipvs }: AgentState): string[] {
  return ipvs.services
    .filter(({ name }) => name === null)
    .map(nameOf)
    .filter((service) => !ipvs.leaving.some((one) => one.endsWith(` of ${service}`)));
}

function nameOf({ protocol, address, port, mark }: ServiceState): string {
  if (protocol === 'fwm') return `fwm ${mark}`;
  return `${protocol} ${address.includes(':') ? `[${address}]` : address}:${port}`;
}

function listed(names: readonly string[]): string {
  const more = names.length - 3;
  return more > 0 ? `${names.slice(0, 3).join(', ')} and ${more} more` : names.join(', ');
}
