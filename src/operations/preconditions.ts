/** What must hold on a host before anything is changed there: each problem is one sentence with cause and next step. */
import type { DirectorWanted, Inbound, Wanted } from '../desired/wanted.ts';
import type { HostFacts } from '../facts/host.ts';
import type { InputFilter } from '../facts/input-filter.ts';
import type { HostAddress } from '../facts/network.ts';
import { isLinkLocal } from '../wire/address.ts';
import { blockedBy, blockedWords, openingCommands } from './inbound.ts';
import { ipv6Problems } from './ipv6.ts';
import { KEEPALIVED_UNIT } from './keepalived.ts';
import { kernelProblems } from './kernel-version.ts';
import { moduleRemedy } from './module-package.ts';

/** Sentences without the host's name in front, some with commands in lines of their own behind; empty: go on. */
export function problemsOf(wanted: Wanted, facts: HostFacts, firewall: 'manage' | 'check' | 'ignore'): string[] {
  return [
    ...(wanted.director ? directorProblems(wanted, facts) : []),
    ...(wanted.director ? kernelProblems(wanted.director.kernelNeeds, facts.system) : []),
    ...(wanted.director ? speechlessInstances(wanted.director, facts.network) : []),
    ...(wanted.placed.vips.length > 0 || wanted.placed.returnRoute ? systemdProblems(facts) : []),
    ...wanted.modules
      .filter(({ name, required }) => required && facts.modules[name] === 'absent')
      .map(({ name }) => absentModule(name, facts)),
    ...ipv6Problems(wanted, facts),
    ...wanted.onLink.flatMap((address) => onLinkProblem(address, facts)),
    ...(firewall === 'ignore' ? [] : firewallProblems(wanted.inbound, facts)),
  ];
}

function directorProblems(wanted: Wanted, { system, units, network, agent, changeable }: HostFacts): string[] {
  const glibc = system.glibc?.split('.').map(Number) ?? null;
  const tooOld = glibc !== null && ((glibc[0] ?? 0) < 2 || ((glibc[0] ?? 0) === 2 && (glibc[1] ?? 0) < 28));
  return [
    ...(system.systemd
      ? []
      : ['the agent runs under systemd, and systemd does not run here; choose another host as director.']),
    ...(system.architecture === null ? [foreignMachine(system.machine)] : []),
    ...(tooOld ? [`the agent needs glibc 2.28 and this is ${system.glibc}; upgrade the system.`] : []),
    ...(system.libstdcxx || agent?.state
      ? []
      : ['the agent needs libstdc++.so.6; install the package libstdc++6 (Debian) or libstdc++.']),
    ...rivalProblems(wanted, units),
    ...(wanted.director?.interfaces ?? []).flatMap(({ name, address }) =>
      network.addresses.some((one) => one.device === name && one.address === address)
        ? []
        : [`the topology gives it ${address} on ${name}, and that address is not there; correct dip or the interface.`],
    ),
    ...(wanted.director?.rootScripts ?? []).flatMap(({ name, files }) =>
      files.flatMap((file) => {
        const part = changeable[file];
        return part === undefined
          ? []
          : [
              `${name} would run ${file} as root, and others than root can change '${part}' on the way to it; make it root's alone, or name another user.`,
            ];
      }),
    ),
  ];
}

function rivalProblems({ host }: Wanted, units: HostFacts['units']): string[] {
  return [
    ...(units[KEEPALIVED_UNIT]?.active
      ? [
          `keepalived runs here and would fight for the addresses; lvsctl migrate ${host} puts lvs-agent in its place, with a way back.`,
        ]
      : []),
    ...(units['ldirectord.service']?.active
      ? ['ldirectord runs here and would fight for the IPVS table; stop it first (systemctl disable --now ldirectord).']
      : []),
  ];
}

/** IPv6 over multicast is sent from the interface's link-local address, which the topology does not name. */
function speechlessInstances({ instances, vips }: DirectorWanted, { addresses }: HostFacts['network']): string[] {
  const isOwn = ({ address }: HostAddress): boolean =>
    isLinkLocal(address) && !vips.some((vip) => vip.address === address);
  return instances
    .filter(({ source, interface: on }) => source === null && !addresses.some((one) => one.device === on && isOwn(one)))
    .map(
      ({ name, interface: on }) =>
        `instance ${name} speaks IPv6 from the link-local address of ${on}, and it has none; enable IPv6 there (sysctl net.ipv6.conf.${on}.disable_ipv6=0) or set \`transport: unicast\`.`,
    );
}

function foreignMachine(machine: string | null): string {
  const known = machine === null || machine === 'x86_64' || machine === 'aarch64';
  const what = known ? 'has the loader of neither' : `is ${machine}`;
  return `the agent runs on x86_64 and aarch64 with glibc, and this host ${what}; choose another host as director.`;
}

function systemdProblems({ system }: HostFacts): string[] {
  return system.systemd
    ? []
    : ['VIPs and routes are kept over a reboot by a systemd unit, and systemd does not run here.'];
}

function absentModule(name: string, { system }: HostFacts): string {
  return `the kernel has no module ${name}; ${moduleRemedy(system)}.`;
}

function onLinkProblem(address: Wanted['onLink'][number], { network }: HostFacts): string[] {
  const way = network.ways[address];
  if (way === undefined) return [`realserver ${address} cannot be reached from here; direct routing needs it on-link.`];
  return way.via === null
    ? []
    : [`realserver ${address} is behind the router ${way.via}; direct routing needs it on-link: use mode tun or nat.`];
}

function firewallProblems(inbound: readonly Inbound[], { firewall }: HostFacts): string[] {
  return firewall.filters.flatMap((filter) => {
    const blocked = blockedBy(filter, inbound);
    if (blocked.length === 0) return [];
    const open = blockedWords(blocked).join(', ');
    return [
      [
        `its firewall (${filterName(filter)}) drops what it needs; open ${open}, also where it is kept for the next boot, or set \`firewall: ignore\` if something else accepts it.`,
        ...openingCommands(filter, blocked),
      ].join('\n    '),
    ];
  });
}

function filterName({ program, table, base }: InputFilter): string {
  return program === 'nft' ? `nftables, table ${table}, chain ${base}` : `${program}, chain ${base}`;
}
