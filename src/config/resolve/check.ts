/** Raw checks → CheckConfig: kinds, timing from check_defaults, and where the probe goes. */
import type { RawCheck } from '../schema/check.ts';
import type { RawTopology } from '../schema/topology.ts';
import type { CheckConfig, CheckKind, CheckTarget, CheckTiming, HttpExpectation } from '../service.ts';

type Defaults = RawTopology['check_defaults'];

export function checkOf(raw: RawCheck, defaults: Defaults): CheckConfig {
  return { ...kindOf(raw), timing: timingOf(raw, defaults), target: targetOf(raw) };
}

function timingOf(raw: RawCheck, defaults: Defaults): CheckTiming {
  const intervalMs = raw.interval ?? defaults.interval;
  return {
    intervalMs,
    timeoutMs: raw.timeout ?? defaults.timeout,
    retries: raw.retries ?? defaults.retries,
    retryDelayMs: raw.retry_delay ?? defaults.retry_delay,
    rise: raw.rise ?? defaults.rise,
    warmupMs: raw.warmup ?? defaults.warmup ?? intervalMs,
  };
}

function targetOf(raw: RawCheck): CheckTarget {
  const argument = raw.kind === 'tcp' && raw.tcp !== true ? raw.tcp : undefined;
  return {
    address: raw.connect?.address ?? null,
    port: argument ?? raw.port ?? raw.connect?.port ?? null,
    from: raw.from === undefined ? null : { address: raw.from.address ?? null, port: raw.from.port },
    mark: raw.mark ?? null,
    via: raw.via,
  };
}

type RawHttp = Extract<RawCheck, { kind: 'http' | 'https' }>;

function expectationOf(raw: RawHttp): HttpExpectation {
  return {
    path: raw.kind === 'http' ? raw.http : raw.https,
    host: raw.host ?? null,
    method: raw.method,
    headers: Object.fromEntries(raw.headers),
    status: raw.status,
    md5: raw.md5?.toLowerCase() ?? null,
    sha256: raw.sha256?.toLowerCase() ?? null,
    body: raw.body ?? null,
  };
}

type RawUdp = Extract<RawCheck, { kind: 'udp' }>;

/** Bytes as they are on the wire, whichever way they are written. */
function datagramsOf({ udp, expect }: RawUdp): { readonly sendHex: string; readonly expectHex: string | null } {
  const isText = typeof udp === 'string';
  const hexOf = (written: string): string => (isText ? Buffer.from(written).toString('hex') : written.toLowerCase());
  return { sendHex: hexOf(isText ? udp : udp.hex), expectHex: expect === undefined ? null : hexOf(expect) };
}

function kindOf(raw: RawCheck): CheckKind {
  switch (raw.kind) {
    case 'tcp':
    case 'ping':
      return { kind: raw.kind };
    case 'http':
      return { kind: 'http', ...expectationOf(raw) };
    case 'https':
      return {
        kind: 'https',
        sni: raw.sni ?? null,
        verify: raw.verify,
        expiresWithinMs: raw.expires_within ?? null,
        ...expectationOf(raw),
      };
    case 'smtp':
      return { kind: 'smtp', helo: raw.helo ?? null };
    case 'dns':
      return { kind: 'dns', name: raw.dns, type: raw.type, expect: raw.expect ?? null };
    case 'udp':
      return { kind: 'udp', ...datagramsOf(raw) };
    case 'script':
      return { kind: 'script', run: raw.script, setsWeight: raw.sets_weight, user: raw.user };
    case 'file':
      return { kind: 'file', path: raw.file };
  }
}
