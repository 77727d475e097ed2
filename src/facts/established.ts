/** TCP connections that a director's IPVS has as established, of given addresses; from /proc/net/ip_vs_conn (ip_vs_conn.c). */
import { type Address, addressBytes, familyOf } from '../wire/address.ts';
import { type Fact, linesOf } from './fact.ts';

export interface Established {
  /** Client and listener, as the kernel writes them → where its packets go, as the kernel writes it. */
  readonly connections: ReadonlyMap<string, string>;
  /** Whether all were told: of very many the transport brings only a part. */
  readonly isWhole: boolean;
}

export interface EstablishedQuestion {
  /** Addresses of listeners; at least one. */
  readonly vips: readonly Address[];
}

/** Costs a fork; what is not asked for does not leave the host. */
export const establishedFact: Fact<EstablishedQuestion, Established> = {
  name: 'connections',
  script({ vips }) {
    const listeners = vips.map(kernelAddress).join('|');
    const pattern = `^TCP +[0-9A-Fa-f:]+ [0-9A-F]+ (${listeners}) [0-9A-F]+ .* ESTABLISHED `;
    return `[ ! -r /proc/net/ip_vs_conn ] || grep -E '${pattern}' /proc/net/ip_vs_conn || :
echo end`;
  },
  parse(printed) {
    const lines = linesOf(printed);
    return { connections: new Map(lines.flatMap(connectionOf)), isWhole: lines.at(-1) === 'end' };
  },
};

function connectionOf(line: string): [string, string][] {
  const [, client, listener, destination = ''] =
    /^TCP +([0-9A-Fa-f:]+ [0-9A-F]+) ([0-9A-Fa-f:]+ [0-9A-F]+) ([0-9A-Fa-f:]+) /.exec(line) ?? [];
  return client === undefined || listener === undefined ? [] : [[`${client} ${listener}`, destination]];
}

/** As the kernel prints addresses there: `0A4D0164`, `2001:0db8:0000:…`. */
export function kernelAddress(address: Address): string {
  const hex = [...addressBytes(address)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return familyOf(address) === 4 ? hex.toUpperCase() : (hex.match(/.{4}/g) ?? []).join(':');
}

/** Connections of the old MASTER that its successor does not know, or still sends to it (whose addresses these are). */
export function unknownTo(successor: Established, old: Established, addresses: readonly Address[]): string[] {
  const relayed = new Set(addresses.map(kernelAddress));
  return [...old.connections.keys()].filter((key) => {
    const destination = successor.connections.get(key);
    return destination === undefined || relayed.has(destination);
  });
}
