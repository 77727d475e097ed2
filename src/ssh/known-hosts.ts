/**
 * known_hosts files as sshd(8) "SSH_KNOWN_HOSTS FILE FORMAT" has them: text → entries, and what they say of a key.
 * Lines that are malformed, or of a key type unknown to us, are passed over, as OpenSSH does.
 */
import { createHmac } from 'node:crypto';

export interface KnownHost {
  readonly marker: 'revoked' | 'cert-authority' | null;
  /** The first field: patterns joined by commas, or `|1|salt|hash`. */
  readonly names: string;
  readonly keyType: string;
  readonly key: Buffer;
  readonly file: string;
  readonly line: number;
}

export type KeyVerdict =
  | { readonly kind: 'known' }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'changed'; readonly entries: readonly KnownHost[] }
  | { readonly kind: 'revoked'; readonly entry: KnownHost };

export function parseKnownHosts(text: string, file: string): KnownHost[] {
  return text.split('\n').flatMap((line, index) => parseLine(line.trim(), file, index + 1) ?? []);
}

function parseLine(line: string, file: string, number: number): KnownHost | undefined {
  if (line === '' || line.startsWith('#')) return undefined;
  const fields = line.split(/[ \t]+/);
  const marker = fields[0]?.startsWith('@') ? fields.shift() : null;
  if (marker !== null && marker !== '@revoked' && marker !== '@cert-authority') return undefined;
  const [names, keyType, base64] = fields;
  if (!names || !keyType || !base64) return undefined;
  const key = Buffer.from(base64, 'base64');
  if (key.length < 8) return undefined;
  return {
    marker: marker === null ? null : marker === '@revoked' ? 'revoked' : 'cert-authority',
    names,
    keyType,
    key,
    file,
    line: number,
  };
}

/** How a host is called in known_hosts: its name alone at port 22, `[name]:port` elsewhere. */
export function knownHostsName(name: string, port: number): string {
  const lower = name.toLowerCase();
  return port === 22 ? lower : `[${lower}]:${port}`;
}

/** The entries that speak of this host, certificate authorities left out (ssh2 has no certificates). */
export function entriesFor(entries: readonly KnownHost[], name: string): KnownHost[] {
  return entries.filter((entry) => entry.marker !== 'cert-authority' && matchesNames(entry.names, name));
}

/** @param matching what entriesFor returned. */
export function verdictOn(matching: readonly KnownHost[], key: Buffer): KeyVerdict {
  const revoked = matching.find((entry) => entry.marker === 'revoked' && entry.key.equals(key));
  if (revoked) return { kind: 'revoked', entry: revoked };
  const trusted = matching.filter((entry) => entry.marker === null);
  if (trusted.length === 0) return { kind: 'unknown' };
  return trusted.some((entry) => entry.key.equals(key)) ? { kind: 'known' } : { kind: 'changed', entries: trusted };
}

/** One line, as accept-new adds it. */
export function knownHostsLine(name: string, keyType: string, key: Buffer): string {
  return `${name} ${keyType} ${key.toString('base64')}\n`;
}

function matchesNames(names: string, name: string): boolean {
  if (names.startsWith('|')) return matchesHash(names, name);
  let matched = false;
  for (const pattern of names.split(',')) {
    if (pattern.startsWith('!')) {
      if (matchesPattern(pattern.slice(1), name)) return false;
    } else if (matchesPattern(pattern, name)) matched = true;
  }
  return matched;
}

/** HMAC-SHA1 of the name with the salt as key: `|1|base64(salt)|base64(hash)` (HashKnownHosts). */
function matchesHash(names: string, name: string): boolean {
  const [, version, salt, hash] = names.split('|');
  if (version !== '1' || !salt || !hash) return false;
  return createHmac('sha1', Buffer.from(salt, 'base64')).update(name).digest('base64') === hash;
}

/** `*` and `?` only, greedy with one step back: linear in practice, whatever the pattern. */
function matchesPattern(pattern: string, name: string): boolean {
  const wanted = pattern.toLowerCase();
  let at = 0;
  let star = -1;
  let retry = 0;
  let position = 0;
  while (position < name.length) {
    if (wanted[at] === '?' || (wanted[at] !== '*' && wanted[at] === name[position])) {
      at += 1;
      position += 1;
    } else if (wanted[at] === '*') {
      star = at;
      retry = position;
      at += 1;
    } else if (star === -1) return false;
    else {
      at = star + 1;
      retry += 1;
      position = retry;
    }
  }
  while (wanted[at] === '*') at += 1;
  return at === wanted.length;
}
