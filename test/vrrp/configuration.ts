/** Configurations for tests: the defaults of the product, changed where a test says so. */
import type { Config, DirectorConfig, VipConfig } from '../../src/config/config.ts';
import type { GarpConfig, InstanceConfig, NotifyConfig } from '../../src/config/instance.ts';
import type { InstanceSetup } from '../../src/vrrp/instance-setup.ts';
import { type Address, hostPrefix } from '../../src/wire/address.ts';

export const address = (text: string): Address => text as Address;

export const GARP: GarpConfig = {
  count: 5,
  againAfterMs: 5000,
  again: 5,
  refreshMs: 60_000,
  refreshCount: 1,
  lowerPriority: { count: 5, afterMs: 5000 },
  intervalMs: 0,
};

const NO_NOTIFY: NotifyConfig = { master: null, backup: null, fault: null, stop: null, any: null, user: 'lvs-script' };

export function vip(text: string, more: Partial<VipConfig> = {}): VipConfig {
  return {
    address: address(text),
    prefixLength: hostPrefix(address(text)),
    interface: null,
    label: null,
    scope: 'global',
    broadcast: null,
    ...more,
  };
}

/** Speakers `a` (10.9.0.1, priority 110) and `b` (10.9.0.2, priority 100) on eth1. */
export function instance(more: Partial<InstanceConfig> = {}): InstanceConfig {
  return {
    name: 'public',
    vrid: 51,
    version: 3,
    family: 4,
    vips: [vip('10.9.0.100')],
    extraVips: [],
    speakers: [
      { director: 'a', interface: 'eth1', source: address('10.9.0.1'), priority: 110 },
      { director: 'b', interface: 'eth1', source: address('10.9.0.2'), priority: 100 },
    ],
    foreignPeers: [],
    transport: 'unicast',
    multicastGroup: address('224.0.0.18'),
    advertIntervalMs: 1000,
    checksum: 'pseudo-header',
    authentication: null,
    hmac: null,
    preempt: false,
    preemptDelayMs: 0,
    virtualMac: { enabled: false, transmitFrom: 'virtual' },
    garp: GARP,
    track: { interfaces: [], scripts: [], services: [], files: [] },
    startAfter: { linkUpMs: 0, verdicts: true },
    notify: NO_NOTIFY,
    alert: false,
    ...more,
  };
}

/** What the machine's tests move. */
export const VIRTUAL_ADDRESS = {
  address: address('10.9.0.100'),
  prefixLength: 32,
  interface: 'eth1',
  label: null,
  scope: 'global',
  broadcast: null,
} as const;

/** 10.9.0.2 with priority 100 on eth1, by multicast: a setup as {@link setupsFor} makes it. */
export const instanceSetup = (more: Partial<InstanceSetup> = {}): InstanceSetup => ({
  name: 'public',
  vrid: 51,
  version: 3,
  family: 4,
  interface: 'eth1',
  source: address('10.9.0.2'),
  basePriority: 100,
  advertised: [VIRTUAL_ADDRESS.address],
  addresses: [VIRTUAL_ADDRESS],
  transport: 'multicast',
  group: address('224.0.0.18'),
  peers: [],
  neighbours: [],
  managed: [],
  unnamed: 0,
  advertIntervalMs: 1000,
  checksum: 'pseudo-header',
  password: null,
  preempt: false,
  preemptDelayMs: 0,
  garp: GARP,
  track: { interfaces: [], scripts: [], services: [], files: [] },
  startAfter: { linkUpMs: 0, verdicts: false },
  syncGroup: null,
  ...more,
});

/** The same speakers with an IPv6 VIP: fd09::1 and fd09::2 by unicast, the link-local addresses of eth1 by multicast. */
export function instance6(more: Partial<InstanceConfig> = {}): InstanceConfig {
  const source = (text: string): Address | null => (more.transport === 'multicast' ? null : address(text));
  return instance({
    family: 6,
    vips: [vip('fd09::100')],
    speakers: [
      { director: 'a', interface: 'eth1', source: source('fd09::1'), priority: 110 },
      { director: 'b', interface: 'eth1', source: source('fd09::2'), priority: 100 },
    ],
    multicastGroup: address('ff02::12'),
    ...more,
  });
}

const director = (name: string): DirectorConfig => ({ name, dips: [], vips: [], ssh: {}, sysctl: {} });

export function configuration(instances: readonly InstanceConfig[], more: Partial<Config> = {}): Config {
  return {
    cluster: 'test',
    ssh: {},
    inventory: null,
    firewall: 'check',
    directors: [director('a'), director('b')],
    realservers: [],
    scripts: [],
    instances,
    syncGroups: [],
    sync: {
      enabled: false,
      interface: null,
      id: 0,
      threshold: [2, 50],
      maxlen: 64,
      port: 8848,
      ttl: 1,
      group: address('224.0.0.81'),
    },
    ipvs: {
      timeoutsMs: { tcp: null, tcpFin: null, udp: null },
      connectionTableBits: null,
      onStart: 'adopt',
      onStop: 'keep',
      probeMarks: { base: 0x4c560000, prefixLength: 16 },
      sysctl: {},
    },
    alerts: { smtp: null, webhook: null },
    dns: {},
    services: [],
    ...more,
  };
}
