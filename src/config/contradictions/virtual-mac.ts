/** What a virtual MAC cannot go with. */
import type { InstanceConfig } from '../instance.ts';
import { virtualInterfaceOf } from '../virtual-mac.ts';
import type { Context, Rule } from './rule.ts';

function virtualMacsFit({ config, report }: Context): void {
  for (const instance of config.instances.filter(({ virtualMac }) => virtualMac.enabled)) {
    const { name, virtualMac, transport, garp, speakers } = instance;
    const at = ['vrrp', name];
    if (virtualMac.transmitFrom === 'virtual' && transport === 'unicast') {
      report([...at, 'virtual_mac', 'transmit_from'], 'unicast adverts cannot come from the virtual MAC', {
        expected: 'transmit_from: base, or transport: multicast',
      });
    }
    if (virtualMac.transmitFrom === 'base' && garp.refreshMs === 0) {
      const message =
        'without a refresh, and with adverts from the base interface, switches forget where the virtual MAC is and flood what is sent to it';
      report([...at, 'garp', 'refresh'], message, { severity: 'warning', expected: 'refresh: 60s' });
    }
    if (speakers.some((speaker) => speaker.interface === 'lo')) {
      report([...at, 'virtual_mac'], 'the loopback interface has no MAC', { expected: 'another `interface`' });
    }
  }
}

/** Its own address would be answered for by both interfaces, each with its MAC. */
function ownersHaveNone({ config, report }: Context): void {
  const dips = new Set(config.directors.flatMap((director) => director.dips.map(({ address }) => address)));
  for (const { name, virtualMac, vips, extraVips } of config.instances) {
    const owned = [...vips, ...extraVips].find(({ address }) => dips.has(address));
    if (!virtualMac.enabled || owned === undefined) continue;
    report(['vrrp', name, 'virtual_mac'], `${owned.address} is a director's own address and has its MAC already`, {
      expected: 'an address that no host has by itself',
    });
  }
}

/** The interface is named after VRID and family alone, so that nothing else moves it. */
function interfacesDiffer({ config, report }: Context): void {
  const told = new Set<string>();
  for (const { name: director } of config.directors) {
    const seen = new Map<string, InstanceConfig>();
    for (const instance of config.instances) {
      const { name, family, vrid, virtualMac, speakers } = instance;
      const speaker = speakers.find((one) => one.director === director);
      if (!virtualMac.enabled || speaker === undefined) continue;
      const made = virtualInterfaceOf(family, vrid);
      const other = seen.get(made);
      // on one interface the VRID itself is refused already
      if (other !== undefined && speakerOf(other, director) !== speaker.interface && !told.has(name)) {
        const message = `with a virtual MAC it would need the interface ${made} on ${director}, as instance ${other.name} does`;
        report(['vrrp', name, 'vrid'], message, { expected: 'another number from 1 to 255' });
        told.add(name);
      }
      seen.set(made, other ?? instance);
    }
  }
}

function speakerOf({ speakers }: InstanceConfig, director: string): string | undefined {
  return speakers.find((one) => one.director === director)?.interface;
}

function noneIsTracked({ config, report }: Context): void {
  const made = new Set(
    config.instances.flatMap(({ virtualMac, family, vrid }) =>
      virtualMac.enabled ? [virtualInterfaceOf(family, vrid)] : [],
    ),
  );
  for (const { name, track } of config.instances) {
    for (const [index, tracked] of track.interfaces.entries()) {
      if (!made.has(tracked.name)) continue;
      const message = `${tracked.name} is made for a virtual MAC, and up on the MASTER only`;
      report(['vrrp', name, 'track', 'interfaces', index], message, { expected: 'an interface of the host itself' });
    }
  }
}

export const VIRTUAL_MAC_RULES: readonly Rule[] = [
  { needs: [], check: virtualMacsFit },
  { needs: ['directors'], followsNames: true, check: ownersHaveNone },
  { needs: ['directors'], followsNames: true, check: interfacesDiffer },
  { needs: [], check: noneIsTracked },
];
