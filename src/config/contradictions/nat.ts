/** NAT: answers must come back through the director that rewrote the request. */
import { type Address, familyOf, inNetwork, parseAddress } from '../../wire/address.ts';
import type { Config, RealserverConfig } from '../config.ts';
import type { ServiceConfig } from '../service.ts';
import { type Holding, holdings } from './address.ts';
import { entrySteps } from './destination.ts';
import type { Context, Rule } from './rule.ts';

function answersComeBack(context: Context): void {
  const { config } = context;
  const realservers = new Map(config.realservers.map((one) => [one.name, one]));
  const held = new Map(holdings(config).map((holding) => [holding.vip.address, holding]));
  for (const service of config.services) {
    if (service.mode !== 'nat') continue;
    for (const { name } of service.realservers) {
      const realserver = realservers.get(name);
      if (realserver !== undefined) pathOf(service, realserver, held, context);
    }
  }
}

function pathOf(
  service: ServiceConfig,
  realserver: RealserverConfig,
  held: ReadonlyMap<Address, Holding>,
  context: Context,
): void {
  const { config, report } = context;
  const { gateway, name } = realserver;
  if (gateway === null) {
    const message = `realserver ${name} has no \`gateway\`: with NAT its answers must pass the director`;
    const expected = `gateway: ADDRESS under realservers.${name}, an inside address that the directors hold`;
    report(entrySteps(context, service.name, name), message, { expected });
    return;
  }
  const other = service.listen.find(({ address }) => familyOf(address) !== familyOf(gateway.via));
  if (other !== undefined) {
    const message = `${gateway.via}, the gateway of realserver ${name}, is not of the family of ${other.address}`;
    report(entrySteps(context, service.name, name), message, {
      expected: 'mode: dr or tun, or a gateway of that family',
    });
    return;
  }
  const inside = held.get(gateway.via);
  const steps = ['realservers', name, 'gateway'];
  for (const { address } of service.listen) {
    const outside = held.get(address);
    if (outside === undefined || movesWith(config, outside, inside, gateway.via)) continue;
    const where =
      inside === undefined ? 'which no instance and no director holds' : `which does not move with ${address}`;
    report(steps, `answers to service ${service.name} leave by ${gateway.via}, ${where}`, {
      expected:
        inside?.instance === null || outside.instance === null || inside === undefined
          ? 'an address held by the same director or instance as the listener'
          : `instances ${outside.instance} and ${inside.instance} in one sync group`,
    });
  }
}

/** A director's own address will do as gateway where the virtual address cannot leave that director either. */
function movesWith(config: Config, outside: Holding, inside: Holding | undefined, via: string): boolean {
  if (outside.director !== null) {
    const own = config.directors.find(({ name }) => name === outside.director);
    return inside?.director === outside.director || (own?.dips.some(({ address }) => address === via) ?? false);
  }
  if (inside === undefined || inside.instance === null) return false;
  const { instance } = inside;
  if (instance === outside.instance) return true;
  return config.syncGroups.some(
    ({ members }) => members.includes(instance) && members.includes(outside.instance ?? ''),
  );
}

const LOOPBACK_V4 = parseAddress('127.0.0.0');
const LOOPBACK_V6 = parseAddress('::1');

/** Measured: DR to 127.0.0.1 is a local node and works, NAT to it times out. */
function sorryIsReachable({ config, report }: Context): void {
  for (const { name, sorry } of config.services) {
    if (sorry?.kind !== 'host' || sorry.mode !== 'nat') continue;
    const isLoopback =
      (LOOPBACK_V4 !== undefined && inNetwork(sorry.address, LOOPBACK_V4, 8)) || sorry.address === LOOPBACK_V6;
    if (!isLoopback) continue;
    report(['services', name, 'sorry', 'address'], `NAT to ${sorry.address} is never answered`, {
      expected: 'sorry: local',
    });
  }
}

export const NAT_RULES: readonly Rule[] = [
  { needs: ['realservers', 'groups', 'directors', 'vrrp', 'sync_groups'], followsNames: true, check: answersComeBack },
  { needs: [], check: sorryIsReachable },
];
