/**
 * Whether a line of `ip -o monitor address` gives or takes an address; undefined when it speaks of another, or of the
 * silent places (lo, tunl0) where an address answers no ARP.
 */
export function parseAddressChange(line: string, address: string): boolean | undefined {
  const [, deleted, device, found] = /^(Deleted )?\d+: (\S+)\s+inet6? ([^/\s]+)/.exec(line) ?? [];
  if (found !== address || device === 'lo' || device === 'tunl0') return undefined;
  return deleted === undefined;
}
