/** What has to be known of a host to decide on all operations. */
import { AGENT, AGENT_UNIT, SCRIPT_USER, VRRP_UNIT } from '../desired/agent-units.ts';
import { HEADER_MARK, PATHS, RECORD_MARK } from '../desired/managed.ts';
import { REALSERVER_UNIT } from '../desired/realserver-unit.ts';
import { GRE_DEVICE, IPV6_DEVICE, tunnelOverhead } from '../desired/tunnels.ts';
import { RETURN_TABLE, type Wanted } from '../desired/wanted.ts';
import type { HostQuestion } from '../facts/host.ts';
import { familyOf } from '../wire/address.ts';
import { ipv6Destinations, ipv6Sysctls } from './ipv6.ts';
import { CLOUD_AGENTS } from './rivals.ts';

/** Sysctls that lvsctl may have set in an earlier run: asked for even if they are no longer wanted, to put them back. */
const EVER_SET = [...['all', 'lo'].flatMap(arpSysctls), 'net.ipv4.conf.all.arp_filter'];

/** Programs that balance by IPVS or move addresses themselves. */
const RIVAL_UNITS = ['keepalived.service', 'ldirectord.service', ...CLOUD_AGENTS];

/** Where the agent is asked. */
export const AGENT_QUESTION = {
  root: AGENT.root,
  socket: AGENT.controlSocket,
  command: AGENT.command,
  exchangeKey: AGENT.exchangeKey,
} as const;

function arpSysctls(name: string): string[] {
  return [`net.ipv4.conf.${name}.arp_ignore`, `net.ipv4.conf.${name}.arp_announce`];
}

export function questionFor(wanted: Wanted, release: string | null): HostQuestion {
  return {
    modules: wanted.modules.map(({ name }) => name),
    sysctls: [
      ...new Set([
        ...Object.keys({ ...wanted.sysctls, ...wanted.director?.virtualSysctls }),
        ...EVER_SET,
        ...ipv6Sysctls(wanted),
        ...(wanted.director?.interfaces ?? []).flatMap(({ name }) => arpSysctls(name.replaceAll('.', '/'))),
      ]),
    ],
    paths: Object.values(PATHS),
    marks: { header: HEADER_MARK, record: RECORD_MARK },
    units: [
      ...[REALSERVER_UNIT, 'systemd-networkd.service', 'NetworkManager.service', ...RIVAL_UNITS].map((name) => ({
        name,
        socket: null,
      })),
      { name: AGENT_UNIT, socket: AGENT.controlSocket },
      { name: VRRP_UNIT, socket: AGENT.vrrpSocket },
    ].slice(0, wanted.director ? undefined : -2),
    table: RETURN_TABLE,
    destinations: [...wanted.onLink, ...ipv6Destinations(wanted)],
    ipv6:
      wanted.placed.returnRoute && familyOf(wanted.placed.returnRoute.rip) === 6
        ? true
        : { ifThereIs: PATHS.realserverScript },
    interfaces: ['tunl0', IPV6_DEVICE, ...(wanted.director?.interfaces.map(({ name }) => name) ?? [])],
    greDevice: GRE_DEVICE,
    tunnelled: tunnelOverhead(wanted.placed) > 0,
    tunnelDevices: ['tunl0', GRE_DEVICE],
    scriptUser: SCRIPT_USER,
    rootPrograms: [...new Set(wanted.director?.rootScripts.flatMap(({ files }) => files))],
    agent: wanted.director ? { ...AGENT_QUESTION, release: release ?? '' } : null,
  };
}
