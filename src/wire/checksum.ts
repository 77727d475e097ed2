/** The Internet checksum (RFC 1071), which VRRP, ICMP and IPv4 headers use. */

/**
 * One's complement of the one's complement sum of 16-bit words over all parts as if they were one text, an odd last byte padded
 * with zero. Over bytes whose checksum field holds the right value it is 0. Each part but the last has an even length.
 */
export function internetChecksum(...parts: readonly Uint8Array[]): number {
  let sum = 0;
  for (const part of parts) {
    for (let index = 0; index < part.length; index += 2) sum += ((part[index] ?? 0) << 8) | (part[index + 1] ?? 0);
  }
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x10000);
  return ~sum & 0xffff;
}
