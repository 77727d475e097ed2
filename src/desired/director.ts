/** What a director needs: modules, sysctls, and the agent with its configuration. */
import type { Config, DirectorConfig, VipConfig } from '../config/config.ts';
import { EXCHANGE_PORT, exchangePoints } from '../config/exchange.ts';
import { executedBy } from '../config/executed.ts';
import { hmacWindowMs } from '../config/hmac-window.ts';
import { inPathProbes, reservedMarks } from '../config/in-path.ts';
import type { Argv, InstanceConfig } from '../config/instance.ts';
import type { Listener, ServiceConfig } from '../config/service.ts';
import { speechOf } from '../config/speech.ts';
import { trackedOn } from '../config/tracked.ts';
import { type Family, familyOf } from '../wire/address.ts';
import { agentConfigText } from './agent-config.ts';
import { inPathAnswers, inPathSysctls } from './in-path.ts';
import { kernelNeeds } from './kernel-needs.ts';
import { baseSysctls, type Taken, virtualInterfaceOfVip, virtualInterfaces, virtualSysctls } from './virtual-mac.ts';
import type { DirectorWanted, Inbound, ModuleWanted } from './wanted.ts';

export interface DirectorParts {
  readonly modules: readonly ModuleWanted[];
  readonly sysctls: Readonly<Record<string, string>>;
  readonly inbound: readonly Inbound[];
  readonly director: DirectorWanted;
}

export function directorParts(config: Config, director: DirectorConfig): DirectorParts {
  const usesIpvs = config.services.length > 0;
  const instances = config.instances.flatMap((instance) => {
    const speaker = instance.speakers.find((one) => one.director === director.name);
    return speaker === undefined ? [] : [{ instance, speaker }];
  });
  const virtual = virtualInterfaces(instances);
  return {
    modules: [
      ...(usesIpvs ? ipvsModules(config) : []),
      ...(virtual.length > 0 ? [{ name: 'macvlan', required: true }] : []),
    ],
    sysctls: {
      ...sysctls(config, director),
      ...inPathSysctls(config, director),
      ...baseSysctls(instances),
      ...director.sysctl,
    },
    inbound: inbound(config, instances, director),
    director: {
      usesIpvs,
      kernelNeeds: kernelNeeds(config.services),
      connectionTableBits: usesIpvs ? config.ipvs.connectionTableBits : null,
      exchanges: exchangePoints(config).length > 1,
      listeners: config.services.flatMap(listenersOf),
      reservedMarks: reservedMarks(config.ipvs),
      interfaces: director.dips.map((dip) => ({ name: dip.interface, address: dip.address })),
      instances: instances.map(({ instance, speaker }) => ({
        name: instance.name,
        priority: speaker.priority,
        vrid: instance.vrid,
        version: instance.version,
        family: instance.family,
        interface: speaker.interface,
        source: speaker.source,
        vips: instance.vips.map(({ address }) => address),
        speech: speechOf(instance),
        hmacWindowMs: instance.hmac === null ? null : hmacWindowMs(instance.advertIntervalMs),
      })),
      vips: [
        ...instances.flatMap(({ instance, speaker }) =>
          vipsOf(instance).map((vip) => onInterface(vip, speaker.interface)),
        ),
        ...director.vips.map((vip) => onInterface(vip, director.dips[0]?.interface ?? 'lo')),
      ],
      virtualInterfaces: virtual,
      virtualSysctls: virtualSysctls(instances),
      rootScripts: rootScripts(config, director.name),
      configText: agentConfigText(config, director.name),
    },
  };
}

function rootScripts(config: Config, director: string): DirectorWanted['rootScripts'] {
  const scripts = trackedOn(config, director).scripts.map(({ name, run, user }) => ({
    name: `script ${name}`,
    user,
    commands: [run],
  }));
  const instances = config.instances.filter(({ speakers }) => speakers.some((one) => one.director === director));
  const groups = config.syncGroups.filter(({ members }) => instances.some(({ name }) => members.includes(name)));
  const notified = [...instances, ...groups].map(({ name, notify: { user, ...commands } }) => ({
    name: `notify of ${name}`,
    user,
    commands: Object.values(commands).filter((command) => command !== null),
  }));
  const checked = config.services.flatMap(checkScripts);
  const services = config.services.map(({ name, quorum, notify }) => ({
    name: `commands of ${name}`,
    user: notify.user,
    commands: [quorum.up, quorum.down, notify.up, notify.down].filter((command) => command !== null),
  }));
  return [...scripts, ...notified, ...checked, ...services].flatMap(({ name, user, commands }) => {
    const files = [...new Set(commands.flatMap(executedBy))];
    return user === 'root' && files.length > 0 ? [{ name, files }] : [];
  });
}

/** One for each command, though each realserver has it. */
function checkScripts({ name, realservers, sorry }: ServiceConfig): { name: string; user: string; commands: Argv[] }[] {
  const all = [...realservers.flatMap(({ checks }) => checks), ...(sorry?.kind === 'host' ? sorry.checks : [])];
  const scripts = all.flatMap((one) => (one.kind === 'script' ? [one] : []));
  const commands = new Map(scripts.map((one) => [JSON.stringify([one.user, one.run]), one]));
  return [...commands.values()].map(({ user, run }) => ({ name: `script check of service ${name}`, user, commands: [run] })); // biome-ignore format: one line
}

function listenersOf({ mark, listen }: ServiceConfig): string[] {
  if (mark !== null) return [`fwm ${mark}`];
  return listen.map(
    ({ protocol, address, port }) => `${protocol} ${address.includes(':') ? `[${address}]` : address}:${port}`,
  );
}

function vipsOf(instance: InstanceConfig): readonly VipConfig[] {
  return [...instance.vips, ...instance.extraVips];
}

function onInterface(vip: VipConfig, fallback: string) {
  return { address: vip.address, interface: vip.interface ?? fallback };
}

function ipvsModules(config: Config): ModuleWanted[] {
  // In-path probes have services of their own.
  const own = inPathProbes(config.services).length > 0 ? ['rr'] : [];
  const used = [...config.services.map(({ scheduler }) => scheduler), ...own];
  const schedulers = [...new Set(used.map((name) => `ip_vs_${name}`))].sort();
  // Marking by iptables is the way out where nf_tables has no IPv4 family; the agent may load no module itself.
  const marking = markingModules(markedListeners(config));
  return [
    ...['ip_vs', ...schedulers].map((name) => ({ name, required: true })),
    ...marking.map((name) => ({ name, required: false })),
  ];
}

/** Those of marks, and those whose packets a planned hand-over may mark for the director that was MASTER before. */
function markedListeners({ instances, services }: Config): Listener[] {
  const isHandedOver = instances.some(({ speakers }) => speakers.length > 1);
  return services.flatMap(({ mode, mark, listen }) => {
    if (mark !== null) return listen;
    return isHandedOver && mode !== 'nat' ? listen.filter(({ protocol }) => protocol === 'tcp') : [];
  });
}

function markingModules(listeners: readonly Listener[]): string[] {
  const families = new Set(listeners.map(({ address }) => familyOf(address)));
  return [
    ...(families.has(4) ? ['iptable_mangle'] : []),
    ...(families.has(6) ? ['ip6table_mangle'] : []),
    ...(families.size > 0 ? ['xt_mark'] : []),
    // Ports of TCP and UDP are matched by the table itself.
    ...(listeners.some(({ protocol }) => protocol === 'sctp') ? ['xt_sctp'] : []),
  ];
}

function sysctls(config: Config, director: DirectorConfig): Record<string, string> {
  const forwarded = new Set(config.services.flatMap(translatedFamilies));
  const interfaces = [...new Set(director.dips.map((dip) => dip.interface.replaceAll('.', '/')))];
  const vs =
    config.services.length === 0 ? {} : { ...config.ipvs.sysctl, sync_threshold: config.sync.threshold.join(' ') };
  return {
    // First: writing it resets what the kernel derives from the role of a router (net/ipv4/devinet.c).
    ...(forwarded.has(4) ? { 'net.ipv4.ip_forward': '1' } : {}),
    ...(forwarded.has(6) ? { 'net.ipv6.conf.all.forwarding': '1' } : {}),
    // The kernel sends redirects if `all` or the interface allows it; `default` is for interfaces that come later.
    ...Object.fromEntries(
      ['all', 'default', ...interfaces].map((name) => [`net.ipv4.conf.${name}.send_redirects`, '0']),
    ),
    // A VIP on the loopback (a lame duck's, after a hand-over) is not answered for, and none is the source of a question.
    ...Object.fromEntries(
      ['all', 'lo'].flatMap((name) => [
        [`net.ipv4.conf.${name}.arp_ignore`, '1'],
        [`net.ipv4.conf.${name}.arp_announce`, '2'],
      ]),
    ),
    // A VIP that was added before the director's own address must not take that address along when it goes.
    'net.ipv4.conf.all.promote_secondaries': '1',
    ...Object.fromEntries(Object.entries(vs).map(([key, value]) => [`net.ipv4.vs.${key}`, value])),
  };
}

/** Families in which answers pass this host on their way to clients. */
function translatedFamilies({ mode, sorry, listen }: ServiceConfig): Family[] {
  const isNat = mode === 'nat' || (sorry?.kind === 'host' && sorry.mode === 'nat');
  return isNat ? listen.map(({ address }) => familyOf(address)) : [];
}

/** RFC 4861 section 4: what clients and routers ask and answer before anything comes to an IPv6 VIP. */
const NEIGHBOUR_SOLICITATION = 135;
const NEIGHBOUR_ADVERTISEMENT = 136;

function inbound(config: Config, taken: readonly Taken[], { vips }: DirectorConfig): Inbound[] {
  const services = config.services.flatMap((service) =>
    service.listen.flatMap(({ protocol, address, port }): Inbound[] => {
      const purpose = `service ${service.name}`;
      const on = virtualInterfaceOfVip(taken, address);
      const by = on === null ? {} : { interface: on };
      return [{ family: familyOf(address), protocol, port: port === 0 ? null : port, ...by, halfSeen: true, purpose }];
    }),
  );
  const sync = config.sync.enabled && config.services.length > 0 && config.directors.length > 1;
  const families = [...new Set(taken.map(({ instance }) => instance.family))];
  const holdsIpv6 = families.includes(6) || vips.some(({ address }) => familyOf(address) === 6);
  const neighbours = holdsIpv6 ? [NEIGHBOUR_SOLICITATION, NEIGHBOUR_ADVERTISEMENT] : [];
  const points = exchangePoints(config);
  const exchangeFamilies = points.length > 1 ? [...new Set(points.map(({ address }) => familyOf(address)))] : [];
  return [
    ...families.map((family): Inbound => ({ family, protocol: 'vrrp', port: null, purpose: 'VRRP' })),
    ...neighbours.map((port): Inbound => ({ family: 6, protocol: 'icmpv6', port, purpose: 'neighbours of IPv6 VIPs' })),
    ...services,
    ...(sync
      ? [
          {
            family: familyOf(config.sync.group),
            protocol: 'udp',
            port: config.sync.port,
            purpose: 'connection sync',
          } satisfies Inbound,
        ]
      : []),
    ...inPathAnswers(config),
    ...exchangeFamilies.map(
      (family): Inbound => ({ family, protocol: 'udp', port: EXCHANGE_PORT, purpose: 'exchange between directors' }),
    ),
  ];
}
