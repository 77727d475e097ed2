/** Every address has one owner: virtual addresses are held once, and are nobody's own. */
import { type Address, familyOf } from '../../wire/address.ts';
import type { Config, VipConfig } from '../config.ts';
import type { Step } from '../raw.ts';
import { pathText } from '../report.ts';
import { closest } from '../suggest.ts';
import type { Context, Rule } from './rule.ts';

export interface Holding {
  readonly vip: VipConfig;
  /** The instance that moves it, or null where a director holds it by itself. */
  readonly instance: string | null;
  readonly director: string | null;
  readonly steps: readonly Step[];
}

/** All virtual addresses with who holds them, in the order of the file's sections. */
export function holdings(config: Config): Holding[] {
  const own = config.directors.flatMap(({ name, vips }) =>
    vips.map((vip, index) => ({ vip, instance: null, director: name, steps: ['directors', name, 'vips', index] })),
  );
  const moved = config.instances.flatMap(({ name, vips, extraVips }) => {
    const at = (key: string) => (vip: VipConfig, index: number) => ({
      vip,
      instance: name,
      director: null,
      steps: ['vrrp', name, key, index],
    });
    return [...vips.map(at('vips')), ...extraVips.map(at('extra_vips'))];
  });
  return [...own, ...moved];
}

function heldOnce({ config, report }: Context): void {
  const seen = new Map<Address, Holding>();
  for (const holding of holdings(config)) {
    const before = seen.get(holding.vip.address);
    if (before === undefined) seen.set(holding.vip.address, holding);
    else report(holding.steps, `${holding.vip.address} stands in ${pathText(before.steps)} already`);
  }
}

function ownAddressesDiffer({ config, report }: Context): void {
  const seen = new Map<Address, string>();
  for (const { name, dips } of config.directors) {
    for (const dip of dips) {
      const other = seen.get(dip.address);
      if (other !== undefined) {
        const index = dips.filter((one) => one.interface === dip.interface).indexOf(dip);
        report(['directors', name, 'dip', dip.interface, index], `${dip.address} is the address of ${other} already`);
      }
      seen.set(dip.address, name);
    }
  }
  const owners = new Map<Address, string>();
  for (const { name, rips } of config.realservers) {
    for (const [index, rip] of rips.entries()) {
      const other = owners.get(rip);
      const steps = ['realservers', name, 'rip', index];
      if (other !== undefined) report(steps, `${rip} is the address of ${other} already`);
      else if (rips.findIndex((one) => familyOf(one) === familyOf(rip)) < index) {
        report(steps, `${name} has an IPv${familyOf(rip)} address already`, { expected: 'one address of a family' });
      }
      owners.set(rip, name);
    }
  }
}

/** Priority 255 says that the VIP is the director's own address (RFC 9568 section 8.3.2); nothing else makes it so. */
function virtualIsNotOwn({ config, report }: Context): void {
  const rips = new Map(config.realservers.flatMap((one) => one.rips.map((rip) => [rip, one.name] as const)));
  const dips = new Map(
    config.directors.flatMap(({ name, dips }) => dips.map(({ address }) => [address, name] as const)),
  );
  for (const { vip, instance, steps } of holdings(config)) {
    const realserver = rips.get(vip.address);
    if (realserver !== undefined) report(steps, `${vip.address} is the own address of realserver ${realserver}`);
    const director = dips.get(vip.address);
    if (director === undefined) continue;
    const speakers = config.instances.find(({ name }) => name === instance)?.speakers ?? [];
    if (speakers.some((speaker) => speaker.director === director && speaker.priority === 255)) continue;
    report(steps, `${vip.address} is the own address of director ${director}`, {
      expected: 'an address that no host has by itself, or priority 255 for its owner',
    });
  }
}

function listenersAreHeld({ config, report }: Context): void {
  const held = new Set(holdings(config).map(({ vip }) => vip.address));
  for (const { name, listen } of config.services) {
    for (const [index, { address }] of listen.entries()) {
      if (held.has(address)) continue;
      report(['services', name, 'listen', index], `no instance and no director holds ${address}`, {
        expected: 'an address that stands under `vips` of an instance or a director',
        suggestion: closest(address, held),
      });
    }
  }
}

/** The kernel gives an IPv6 address neither label nor broadcast, and derives its scope (net/ipv6/addrconf.c). */
function settingsFitTheFamily({ config, report }: Context): void {
  for (const { vip, steps } of holdings(config)) {
    if (familyOf(vip.address) === 4) continue;
    const without = (key: string, message: string): void =>
      report([...steps, key], message, { expected: `no \`${key}\`` });
    if (vip.label !== null) without('label', 'an IPv6 address has no label');
    if (vip.broadcast !== null) without('broadcast', 'IPv6 has no broadcast');
    if (vip.scope !== 'global') without('scope', 'the scope of an IPv6 address follows from the address');
  }
}

/** An advert must fit a packet: the count is one byte (RFC 9568 section 5.2.5), and 1,452 bytes hold 90 IPv6 addresses. */
function advertsFit({ config, report }: Context): void {
  for (const { name, family, vips } of config.instances) {
    const most = family === 4 ? 255 : 90;
    if (vips.length > most) {
      report(['vrrp', name, 'vips'], `${vips.length} addresses do not fit one advert`, {
        expected: `at most ${most}; move the others to extra_vips`,
      });
    }
    for (const [index, vip] of vips.entries()) {
      if (familyOf(vip.address) === family) continue;
      report(['vrrp', name, 'vips', index], 'IPv4 and IPv6 stand in one instance', {
        expected: 'an instance for each family (extra_vips may mix)',
      });
    }
  }
}

export const ADDRESS_RULES: readonly Rule[] = [
  { needs: [], check: heldOnce },
  { needs: [], check: ownAddressesDiffer },
  { needs: ['directors'], followsNames: true, check: virtualIsNotOwn },
  { needs: ['directors', 'vrrp'], check: listenersAreHeld },
  { needs: [], check: advertsFit },
  { needs: [], check: settingsFitTheFamily },
];
