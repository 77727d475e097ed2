/** What ipvsadm and ip said to a real kernel, and its answers (test/golden/netlink.json, made by capture-netlink.ts). */
import { decodeMessages, type NetlinkMessage } from '../../src/wire/netlink.ts';
import recorded from '../golden/netlink.json' with { type: 'json' };

export const bytesOf = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'));

/** Of a command's exchanges, the one at this place (negative: from the end). */
export function exchange(command: string, at = -1): { readonly request: Uint8Array; readonly answers: Uint8Array[] } {
  const found = recorded.find((one) => one.command === command)?.exchanges.at(at);
  if (found === undefined) throw new RangeError(`nothing recorded for ${command} at ${at}`);
  return { request: bytesOf(found.request), answers: found.answers.map(bytesOf) };
}

/** The payload of the one message of a datagram, by hand: nlmsghdr has 16 bytes. */
export const payloadOf = (datagram: Uint8Array): Uint8Array => datagram.slice(16);

export const messagesOf = (datagrams: readonly Uint8Array[]): NetlinkMessage[] => datagrams.flatMap(decodeMessages);

/** Attributes as sorted `type: hex` lines, nested ones opened: independent of src/wire's decoder and of the order. */
export function tree(attributes: Uint8Array, nested: readonly number[] = []): unknown[] {
  const entries: [number, unknown][] = [];
  for (let at = 0; at < attributes.length; ) {
    const length = attributes[at]! + 256 * attributes[at + 1]!;
    const type = (attributes[at + 2]! + 256 * attributes[at + 3]!) & 0x7fff;
    const payload = attributes.slice(at + 4, at + length);
    entries.push([type, nested.includes(type) ? tree(payload) : Buffer.from(payload).toString('hex')]);
    at += (length + 3) & ~3;
  }
  return entries.sort(([left], [right]) => left - right);
}
