/** What a director needs: modules, sysctls, and the agent with its configuration. */
import type { Config, DirectorConfig, VipConfig } from '../config/config.ts';
import type { InstanceConfig } from '../config/instance.ts';
import { agentConfigText } from './agent-config.ts';
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
  return {
    modules: usesIpvs ? ipvsModules(config) : [],
    sysctls: { ...sysctls(config, director), ...director.sysctl },
    inbound: inbound(config, instances.length > 0),
    director: {
      usesIpvs,
      interfaces: director.dips.map((dip) => ({ name: dip.interface, address: dip.address })),
      instances: instances.map(({ instance: { name, vrid, version, family }, speaker }) => ({
        name,
        priority: speaker.priority,
        vrid,
        version,
        family,
        interface: speaker.interface,
      })),
      vips: [
        ...instances.flatMap(({ instance, speaker }) =>
          vipsOf(instance).map((vip) => onInterface(vip, speaker.interface)),
        ),
        ...director.vips.map((vip) => onInterface(vip, director.dips[0]?.interface ?? 'lo')),
      ],
      configText: agentConfigText(config, director.name),
    },
  };
}

function vipsOf(instance: InstanceConfig): readonly VipConfig[] {
  return [...instance.vips, ...instance.extraVips];
}

function onInterface(vip: VipConfig, fallback: string) {
  return { address: vip.address, interface: vip.interface ?? fallback };
}

function ipvsModules(config: Config): ModuleWanted[] {
  const schedulers = [...new Set(config.services.map(({ scheduler }) => `ip_vs_${scheduler}`))].sort();
  // Marking by iptables is the way out where nf_tables has no IPv4 family; the agent may load no module itself.
  const marks = config.services.some(({ mark }) => mark !== null) || relays(config);
  const marking = marks ? ['iptable_mangle', 'xt_mark'] : [];
  return [
    ...['ip_vs', ...schedulers].map((name) => ({ name, required: true })),
    ...marking.map((name) => ({ name, required: false })),
  ];
}

/** Whether a planned hand-over may mark packets for the director that was MASTER before. */
function relays({ instances, services }: Config): boolean {
  const isRelayed = services.some(
    ({ mode, listen }) => mode !== 'nat' && listen.some(({ protocol }) => protocol === 'tcp'),
  );
  return isRelayed && instances.some(({ speakers }) => speakers.length > 1);
}

function sysctls(config: Config, director: DirectorConfig): Record<string, string> {
  const forwards = config.services.some(({ mode }) => mode === 'nat');
  const interfaces = [...new Set(director.dips.map((dip) => dip.interface.replaceAll('.', '/')))];
  const vs =
    config.services.length === 0 ? {} : { ...config.ipvs.sysctl, sync_threshold: config.sync.threshold.join(' ') };
  return {
    // First: writing it resets what the kernel derives from the role of a router (net/ipv4/devinet.c).
    ...(forwards ? { 'net.ipv4.ip_forward': '1' } : {}),
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

function inbound(config: Config, speaks: boolean): Inbound[] {
  const services = config.services.flatMap((service) =>
    service.listen.flatMap(({ protocol, port }): Inbound[] =>
      protocol === 'sctp'
        ? []
        : [{ protocol, port: port === 0 ? null : port, halfSeen: true, purpose: `service ${service.name}` }],
    ),
  );
  const sync = config.sync.enabled && config.services.length > 0 && config.directors.length > 1;
  return [
    ...(speaks ? [{ protocol: 'vrrp', port: null, purpose: 'VRRP' } satisfies Inbound] : []),
    ...services,
    ...(sync ? [{ protocol: 'udp', port: config.sync.port, purpose: 'connection sync' } satisfies Inbound] : []),
  ];
}
