/** MAC addresses as text: lower case with colons, as ip(8) and the kernel's netlink attributes are shown by us. */

/** @param bytes - 6 of them */
export function macText(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(':');
}
