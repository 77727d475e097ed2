/**
 * In-path probes (`via: vip`): they go to a VIP as clients do, and by a firewall mark of their own through IPVS on this director
 * to one realserver. Which there are, and where they are sent from. Pure.
 */
import { type Address, commonPrefixLength, type Family, familyOf } from '../wire/address.ts';
import type { Config, DirectorConfig } from './config.ts';
import type { CheckConfig, CheckKind, Listener, Mode, ServiceConfig } from './service.ts';

/** How IPVS forwards to one realserver: each needs a mark, whatever services and listeners it serves. */
export interface ProbePath {
  /** Of the VIP. */
  readonly family: Family;
  /** The realserver's. */
  readonly address: Address;
  /** What NAT makes of the port; 0: it stays. */
  readonly port: number;
  readonly mode: Mode;
  /** Of mode tun, else null. */
  readonly tunnel: ServiceConfig['tunnel'] | null;
}

/** What a service or its sorry server may be asked by. */
export interface Asked {
  readonly address: Address;
  readonly port: number | null;
  readonly checks: readonly CheckConfig[];
}

/** What goes through IPVS is a connection or a datagram to the listener. */
const PROTOCOLS = {
  tcp: 'tcp',
  http: 'tcp',
  https: 'tcp',
  smtp: 'tcp',
  dns: 'udp',
  udp: 'udp',
  ping: null,
  script: null,
  file: null,
} as const satisfies Record<CheckKind['kind'], Listener['protocol'] | null>;

/** Of the probes of a kind; null: they cannot take the way of clients. */
export function inPathProtocol(kind: CheckKind['kind']): 'tcp' | 'udp' | null {
  return PROTOCOLS[kind];
}

export interface Endpoint {
  readonly protocol: 'tcp' | 'udp';
  readonly address: Address;
  readonly port: number;
}

/** What an in-path check asks of a service: every listener of its protocol, and of its port where it names one. */
export function endpointsAsked({ kind, target }: CheckConfig, listen: readonly Listener[]): Endpoint[] {
  const protocol = inPathProtocol(kind);
  if (protocol === null) return [];
  return listen
    .filter((one) => one.protocol === protocol)
    .filter(({ port }) => port === 0 || target.port === null || target.port === port)
    .map(({ address, port }) => ({ protocol, address, port: target.port ?? port }))
    .filter(({ port }) => port !== 0);
}

export function pathTo(mode: Mode, tunnel: ServiceConfig['tunnel'], { address, port }: Asked, vip: Address): ProbePath {
  return {
    family: familyOf(vip),
    address,
    port: mode === 'nat' ? (port ?? 0) : 0,
    mode,
    tunnel: mode === 'tun' ? tunnel : null,
  };
}

/** One text for one path, and the same on every director: `dr 10.77.1.21`. */
export function pathKey({ family, address, port, mode, tunnel }: ProbePath): string {
  const via = tunnel === null ? mode : `${mode} ${tunnel.type} ${tunnel.port} ${tunnel.checksum}`;
  const across = familyOf(address) === family ? '' : ` of IPv${family}`;
  return `${via} ${address}${port === 0 ? '' : ` ${port}`}${across}`;
}

/** With its listener: entries of the connection table differ by both. */
export interface InPath {
  readonly path: ProbePath;
  readonly endpoint: Endpoint;
}

/** All that services are asked so, each once. */
export function inPathProbes(services: readonly ServiceConfig[]): InPath[] {
  const found = new Map<string, InPath>();
  for (const { listen, mode, tunnel, realservers, sorry } of services) {
    const hosts = [
      ...realservers.map((one) => ({ asked: one as Asked, mode })),
      ...(sorry?.kind === 'host' ? [{ asked: sorry as Asked, mode: sorry.mode }] : []),
    ];
    for (const host of hosts) {
      for (const check of host.asked.checks.filter(({ target }) => target.via === 'vip')) {
        for (const endpoint of endpointsAsked(check, listen)) {
          const path = pathTo(host.mode, tunnel, host.asked, endpoint.address);
          found.set(`${pathKey(path)}\n${JSON.stringify(endpoint)}`, { path, endpoint });
        }
      }
    }
  }
  return [...found.values()];
}

type Dip = DirectorConfig['dips'][number];

/**
 * A director's own address that a realserver answers to: of those of the VIP's family the nearest to the realserver, as far as
 * addresses tell. Without one the kernel would take the VIP itself on the MASTER, and the answers would stay on the realserver.
 */
export function probeSource({ dips }: Pick<DirectorConfig, 'dips'>, { family, address }: ProbePath): Dip | undefined {
  const near = (dip: Dip): number => commonPrefixLength(dip.address, address);
  return dips.filter((dip) => familyOf(dip.address) === family).toSorted((a, b) => near(b) - near(a))[0];
}

/** Marks that are nobody's but the agent's: the range without 0, which is no mark. */
export function reservedMarks({ probeMarks: { base, prefixLength } }: Config['ipvs']): { first: number; last: number } {
  return { first: Math.max(1, base), last: base + 2 ** (32 - prefixLength) - 1 };
}

/** Of these the last ones, one a director, are for relays of planned hand-overs. */
export function probeMarkCount({ ipvs, directors }: Pick<Config, 'ipvs' | 'directors'>): number {
  const { first, last } = reservedMarks(ipvs);
  return Math.max(0, last - first + 1 - directors.length);
}

/**
 * Source ports of in-path probes: beyond those that Linux gives out by itself (ip_local_port_range ends at 60999), so that no
 * entry of the connection table that another program has left can take a probe to another realserver.
 */
export const PROBE_PORTS = { first: 61_000, last: 65_535 } as const;

/** Each path has so many of its own at each listener: what is left of one probe is the next one's way, too. */
export const PORTS_A_PATH = 4;

/** How many realservers one listener can be asked for. */
export const PATHS_A_LISTENER = Math.floor((PROBE_PORTS.last - PROBE_PORTS.first + 1) / PORTS_A_PATH);
