/**
 * What in-path probes (`via: vip`) need of a director. With DR and TUN the realserver answers in the name of the VIP; on the MASTER
 * that is an address of its own, and such a packet is dropped as forged (net/ipv4/fib_frontend.c, fib_validate_source) unless the
 * interface has `accept_local`. Where the VIP is on another interface, a strict reverse-path filter would drop it on every
 * director: `rp_filter` 2 asks for some way back only. IPv6 has neither.
 */
import type { Config, DirectorConfig } from '../config/config.ts';
import { type InPath, inPathProbes, PROBE_PORTS, probeSource } from '../config/in-path.ts';
import { type Address, commonPrefixLength, type Family, familyOf } from '../wire/address.ts';
import type { Inbound } from './wanted.ts';

export function inPathSysctls(config: Config, director: DirectorConfig): Record<string, string> {
  const answered = inPathProbes(config.services).filter(({ path }) => path.mode !== 'nat' && path.family === 4);
  return Object.fromEntries(answered.flatMap((one) => settingsFor(one, config, director)));
}

/** Connection tracking has not seen the questions, which IPVS takes out of its hands: it calls the answers INVALID. */
export function inPathAnswers({ services }: Config): Inbound[] {
  const asked = inPathProbes(services).map(({ path: { family }, endpoint: { protocol } }) => ({ family, protocol }));
  const { first: port, last: lastPort } = PROBE_PORTS;
  return [...new Map(asked.map((one) => [`${one.family} ${one.protocol}`, one])).values()].map((one) => ({
    ...{ ...one, port, lastPort, halfSeen: true as const },
    purpose: 'answers to checks via: vip',
  }));
}

function settingsFor({ path, endpoint }: InPath, config: Config, director: DirectorConfig): [string, string][] {
  const on = probeSource(director, path)?.interface;
  if (on === undefined) return [];
  const key = `net.ipv4.conf.${on.replaceAll('.', '/')}`;
  const isElsewhere = interfaceOf(endpoint.address, config, director) !== on;
  return [[`${key}.accept_local`, '1'], ...(isElsewhere ? [[`${key}.rp_filter`, '2'] as [string, string]] : [])];
}

/** Of a VIP, as far as the topology tells; a virtual MAC has one of its own. */
function interfaceOf(vip: Address, { instances }: Config, director: DirectorConfig): string | undefined {
  const instance = instances.find((one) => [...one.vips, ...one.extraVips].some(({ address }) => address === vip));
  if (instance?.virtualMac.enabled === true) return undefined;
  const held = [...(instance === undefined ? director.vips : [...instance.vips, ...instance.extraVips])];
  const named = held.find(({ address }) => address === vip)?.interface;
  const family: Family = familyOf(vip);
  const dips = director.dips.filter(({ address }) => familyOf(address) === family);
  const near = (address: Address): number => commonPrefixLength(address, vip);
  return named ?? dips.toSorted((a, b) => near(b.address) - near(a.address))[0]?.interface;
}
