/** What a virtual_server, which has no name, is called in the topology. */
import type { Listener } from './listener.ts';
import type { Statement } from './statement.ts';

const WELL_KNOWN: Readonly<Record<string, string>> = {
  ...{ '21/tcp': 'ftp', '22/tcp': 'ssh', '25/tcp': 'smtp', '53/udp': 'dns', '53/tcp': 'dns-tcp', '80/tcp': 'http' },
  ...{
    '123/udp': 'ntp',
    '143/tcp': 'imap',
    '389/tcp': 'ldap',
    '443/tcp': 'https',
    '443/udp': 'quic',
    '514/udp': 'syslog',
  },
  ...{ '3306/tcp': 'mysql', '5432/tcp': 'postgresql', '6379/tcp': 'redis', '8080/tcp': 'http-alt' },
};

export function nameOf(
  { words }: Statement,
  [first]: readonly Listener[],
  protocol: string,
  mark: number | null,
): string {
  if (mark !== null) return `mark-${mark}`;
  if (words[1] === 'group') return words[2] ?? '';
  const key = `${first?.port}/${protocol}`;
  return WELL_KNOWN[key] ?? `${protocol}-${first?.port === 0 ? 'any' : first?.port}`;
}
