/** What one VRRP instance, or two beside each other, cannot be. */
import { familyOf, inNetwork, isLinkLocal, parseAddress } from '../../wire/address.ts';
import { HMAC_KEY, hmacKey } from '../hmac-key.ts';
import type { InstanceConfig } from '../instance.ts';
import type { Hint } from '../report.ts';
import type { Context, Rule } from './rule.ts';

/** Virtual routers are told apart by VRID and family on a segment (RFC 9568 section 5.2.3). */
function vridsDiffer({ config, report }: Context): void {
  const seen = new Map<string, string>();
  for (const { name, vrid, family, speakers } of config.instances) {
    for (const interfaceName of new Set(speakers.map((speaker) => speaker.interface))) {
      const key = `${interfaceName} ${vrid} ${family}`;
      const other = seen.get(key);
      if (other !== undefined) {
        report(['vrrp', name, 'vrid'], `vrid ${vrid} on ${interfaceName} is that of instance ${other} already`, {
          expected: 'a number of its own from 1 to 255',
        });
      }
      seen.set(key, other ?? name);
    }
  }
}

type Say = (key: string, message: string, hint?: Hint) => void;

/** Twelve bits of centiseconds (RFC 9568 section 5.2.7). */
const LONGEST_V3_MS = 40_950;

function versionAllows(instance: InstanceConfig, say: Say): void {
  const { version, family, advertIntervalMs } = instance;
  if (version === 3) {
    if (advertIntervalMs > LONGEST_V3_MS) {
      say('advert_interval', `${advertIntervalMs}ms does not fit version 3`, { expected: 'at most 40950ms' });
    }
    if (instance.authentication !== null) {
      say('authentication', 'version 3 has no authentication', { expected: 'version: 2, or `hmac`' });
    }
    return;
  }
  if (advertIntervalMs % 1000 !== 0) {
    say('advert_interval', `version 2 counts whole seconds, not ${advertIntervalMs}ms`, {
      expected: 'whole seconds, or version: 3',
    });
  }
  if (family === 6) say('version', 'version 2 carries IPv4 only', { expected: 'version: 3' });
  if (instance.checksum === 'plain') say('checksum', 'version 2 knows one checksum only', { expected: 'version: 3' });
}

function secretsFit({ authentication, hmac }: InstanceConfig, say: Say): void {
  const bytes = (text: string): number => new TextEncoder().encode(text).length;
  if (authentication?.pass.source === 'literal' && bytes(authentication.pass.value) > 8) {
    say('authentication', `the password has ${bytes(authentication.pass.value)} bytes`, {
      expected: 'at most 8 bytes',
    });
  }
  if (authentication !== null && hmac !== null) {
    say('authentication', 'a password beside `hmac` protects nothing', { expected: 'one of the two' });
  }
  const key = hmac?.key.source === 'literal' ? hmacKey(hmac.key.value) : undefined;
  if (key !== undefined && 'problem' in key) {
    say('hmac', `the key ${key.problem}`, { expected: HMAC_KEY });
  }
}

function transportFits(instance: InstanceConfig, say: Say): void {
  const { transport, multicastGroup, family, foreignPeers, speakers, checksum } = instance;
  if (transport === 'multicast' && (familyOf(multicastGroup) !== family || !isMulticast(multicastGroup))) {
    say('multicast_group', `${multicastGroup} is no IPv${family} multicast address`, {
      expected: family === 4 ? 'an address in 224.0.0.0/4' : 'an address in ff00::/8',
    });
  }
  for (const peer of foreignPeers) {
    if (familyOf(peer) !== family) say('peers', `${peer} is not of the family of the virtual addresses`);
    const own = speakers.find(({ source }) => source === peer);
    if (own !== undefined)
      say('peers', `${peer} is director ${own.director} itself`, { expected: 'foreign speakers only' });
  }
  const strange = speakers.find(({ source }) => source !== null && familyOf(source) !== family);
  if (strange !== undefined) {
    say('interface', `director ${strange.director} has no IPv${family} dip to speak from (${strange.source})`);
  }
  const routed = speakers.find(({ source }) => source !== null && family === 6 && !isLinkLocal(source));
  if (routed !== undefined && transport === 'multicast') {
    say('source', `IPv6 multicast is sent from a link-local address, which ${routed.source} is not`, {
      expected: 'no `source` (the link-local address is found on the director), or transport: unicast',
    });
  }
  if (checksum === 'plain' && family === 6) {
    say('checksum', 'over IPv6 the checksum always covers the pseudo-header', { expected: 'pseudo-header' });
  }
}

const MULTICAST_V4 = parseAddress('224.0.0.0');
const MULTICAST_V6 = parseAddress('ff00::');

function isMulticast(address: InstanceConfig['multicastGroup']): boolean {
  const isIn = (network: typeof MULTICAST_V4, length: number) =>
    network !== undefined && inNetwork(address, network, length);
  return isIn(MULTICAST_V4, 4) || isIn(MULTICAST_V6, 8);
}

function instancesFit({ config, report }: Context): void {
  for (const instance of config.instances) {
    const say: Say = (key, message, hint) => report(['vrrp', instance.name, key], message, hint);
    versionAllows(instance, say);
    secretsFit(instance, say);
    transportFits(instance, say);
  }
}

function preemptionIsMeant({ config, report }: Context): void {
  for (const { name, preempt, preemptDelayMs, speakers } of config.instances) {
    if (!preempt && preemptDelayMs > 0) {
      report(['vrrp', name, 'preempt_delay'], 'without `preempt: true` there is nothing to delay', {
        severity: 'warning',
      });
    }
    if (preempt && config.sync.enabled && speakers.length > 1 && config.services.length > 0) {
      const message =
        'pre-emption with connection sync: a returning director knows few of the connections, and taking over cuts the others';
      report(['vrrp', name, 'preempt'], message, { severity: 'warning' });
    }
  }
}

export const INSTANCE_RULES: readonly Rule[] = [
  { needs: [], check: vridsDiffer },
  { needs: [], check: instancesFit },
  { needs: ['sync'], check: preemptionIsMeant },
];
