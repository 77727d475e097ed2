/** What a host must be like for IPv6 before anything is changed there. Pure. */
import type { Wanted } from '../desired/wanted.ts';
import type { HostFacts } from '../facts/host.ts';
import { type Address, familyOf, parseAddress } from '../wire/address.ts';

const FORWARDING = 'net.ipv6.conf.all.forwarding';
const DISABLED_ON_LO = 'net.ipv6.conf.lo.disable_ipv6';

/** Somewhere in the internet, and nobody (RFC 4291 section 2.4: global unicast addresses begin here). */
const ELSEWHERE = parseAddress('2000::');

/** Sysctls that have to be known; keys as sysctl(8) writes them. */
export function ipv6Sysctls(wanted: Wanted): string[] {
  const interfaces = forwards(wanted) ? (wanted.director?.interfaces ?? []) : [];
  return [
    ...(wanted.placed.vips.some(({ address }) => familyOf(address) === 6) ? [DISABLED_ON_LO] : []),
    ...interfaces.map(({ name }) => acceptRa(name)),
  ];
}

/** Destinations the way to which has to be known. */
export function ipv6Destinations(wanted: Wanted): Address[] {
  return forwards(wanted) && ELSEWHERE !== undefined ? [ELSEWHERE] : [];
}

/** One sentence each, with the next step. */
export function ipv6Problems(wanted: Wanted, facts: HostFacts): string[] {
  return [...disabledProblems(wanted, facts), ...advertisedProblems(wanted, facts)];
}

function disabledProblems({ placed }: Wanted, { sysctls }: HostFacts): string[] {
  const vip = placed.vips.find(({ address }) => familyOf(address) === 6);
  const disabled = sysctls[DISABLED_ON_LO];
  if (vip === undefined || disabled === '0') return [];
  return [
    disabled === undefined
      ? `it shall hold ${vip.address}, and its kernel runs without IPv6; boot without ipv6.disable=1, or load the module ipv6.`
      : `it shall hold ${vip.address} on lo, and IPv6 is switched off there; set ${DISABLED_ON_LO}=0.`,
  ];
}

/** A router hears no other router: with forwarding on, accept_ra 1 means 0 (Documentation/networking/ip-sysctl.rst). */
function advertisedProblems(wanted: Wanted, { sysctls, network }: HostFacts): string[] {
  const way = ELSEWHERE === undefined ? undefined : network.ways[ELSEWHERE];
  if (!forwards(wanted) || sysctls[FORWARDING] === '1' || way?.advertised !== true) return [];
  const key = acceptRa(way.device);
  if (sysctls[key] !== '1' || wanted.sysctls[key] === '2') return [];
  return [
    `its IPv6 default route on ${way.device} comes by router advertisements, which the kernel ignores once it forwards, as NAT needs; give the director \`sysctl: { ${key}: 2 }\` or a fixed route.`,
  ];
}

function forwards({ sysctls }: Wanted): boolean {
  return sysctls[FORWARDING] === '1';
}

function acceptRa(interfaceName: string): string {
  return `net.ipv6.conf.${interfaceName.replaceAll('.', '/')}.accept_ra`;
}
