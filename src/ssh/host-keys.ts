/** Decides about a host's key before anything secret is sent: known_hosts files read once a run, and the policy. */
import { createHash } from 'node:crypto';
import { appendFile, mkdir, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { ServerHostKeyAlgorithm } from 'ssh2';
import type { HostConnection } from './connection.ts';
import type { Phase, Reason } from './failure.ts';
import { entriesFor, type KnownHost, knownHostsLine, parseKnownHosts, verdictOn } from './known-hosts.ts';

/** What the handshake asks; `check` returns the reason to refuse, or null. */
export interface HostKeyCheck {
  readonly algorithms: ServerHostKeyAlgorithm[];
  readonly check: (key: Buffer) => Reason | null;
  /** Learns a key that accept-new let in; call after the login. */
  readonly learn: () => Promise<void>;
}

export interface HostKeys {
  forHost(host: HostConnection): Promise<HostKeyCheck>;
}

export const HOST_KEY_PHASE: Phase = 'hostkey';

/** Ours, best first; SHA-1 signatures (`ssh-rsa`) are not among them. */
const ALGORITHMS: readonly ServerHostKeyAlgorithm[] = [
  'ssh-ed25519',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
  'rsa-sha2-512',
  'rsa-sha2-256',
];

export function hostKeys(): HostKeys {
  const files = new Map<string, Promise<readonly KnownHost[]>>();
  const read = (file: string): Promise<readonly KnownHost[]> => {
    const known =
      files.get(file) ?? readFile(file, 'utf8').then((text) => parseKnownHosts(text, file), nothingIfMissing);
    files.set(file, known);
    return known;
  };
  return {
    async forHost(host) {
      const all = (await Promise.all(host.knownHostsFiles.map(read))).flat();
      return checkFor(host, entriesFor(all, host.hostKeyName), () => files.clear());
    },
  };
}

/** A file that cannot be read says nothing; under `strict` that ends in "unknown", never in trust. */
function nothingIfMissing(): readonly KnownHost[] {
  return [];
}

function checkFor(host: HostConnection, entries: readonly KnownHost[], forget: () => void): HostKeyCheck {
  let toLearn: Buffer | undefined;
  const [file] = host.knownHostsFiles;
  return {
    algorithms: algorithmsFor(entries),
    check(key) {
      if (host.hostKeyPolicy === 'off') return null;
      const verdict = verdictOn(entries, key);
      if (verdict.kind === 'known') return null;
      if (verdict.kind === 'revoked') {
        return { kind: 'hostkey-revoked', fingerprint: fingerprint(key), place: placeOf(verdict.entry) };
      }
      const seen = { fingerprint: fingerprint(key), type: keyTypeOf(key), lookup: host.hostKeyName };
      if (verdict.kind === 'changed') return { kind: 'hostkey-changed', ...seen, places: verdict.entries.map(placeOf) };
      if (host.hostKeyPolicy === 'strict') return { kind: 'hostkey-unknown', ...seen, files: host.knownHostsFiles };
      toLearn = key;
      return null;
    },
    async learn() {
      if (toLearn === undefined || file === undefined) return;
      await mkdir(dirname(file), { recursive: true, mode: 0o700 });
      await appendFile(file, knownHostsLine(host.hostKeyName, keyTypeOf(toLearn), toLearn), { mode: 0o600 });
      forget();
    },
  };
}

/** Known types first, or a host whose RSA key alone is known would show its ed25519 key and look like another. */
function algorithmsFor(entries: readonly KnownHost[]): ServerHostKeyAlgorithm[] {
  const types = new Set(entries.filter(({ marker }) => marker === null).map(({ keyType }) => keyType));
  const isKnown = (algorithm: string): boolean => types.has(algorithm.startsWith('rsa-') ? 'ssh-rsa' : algorithm);
  return [...ALGORITHMS].sort((a, b) => Number(isKnown(b)) - Number(isKnown(a)));
}

function placeOf({ file, line }: KnownHost): string {
  return `${file}:${line}`;
}

/** As `ssh-keygen -l` prints it. */
function fingerprint(key: Buffer): string {
  return `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`;
}

/** A public key begins with its type, length first (RFC 4253 section 6.6). */
function keyTypeOf(key: Buffer): string {
  const length = key.length >= 4 ? key.readUInt32BE(0) : 0;
  return length > 0 && length <= 64 && key.length >= 4 + length ? key.toString('latin1', 4, 4 + length) : 'unknown';
}
