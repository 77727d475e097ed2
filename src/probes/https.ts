/** The same over TLS: the certificate is verified against the system's roots unless the check says otherwise. */
import { isIP } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import type { CheckKind } from '../config/service.ts';
import type { ProbeSpec } from '../health/probe-plan.ts';
import type { ProbeResult } from '../health/verdict.ts';
import type { Streams } from '../kernel/streams.ts';
import { where } from './attempt.ts';
import { type Dialled, dial } from './dial.ts';
import { exchange } from './http-exchange.ts';
import { systemTrust } from './trust.ts';

type HttpsCheck = Extract<CheckKind, { kind: 'https' }>;

export function httpsProbe(
  spec: ProbeSpec,
  check: HttpsCheck,
  streams: Streams,
  signal: AbortSignal,
): Promise<ProbeResult> {
  return dial(spec, streams, signal, (attempt) => {
    attempt.stage = 'during the TLS handshake';
    const tls = handshake(spec, check, attempt);
    tls.once('secureConnect', () => {
      const expiring = expiryProblem(check, tls);
      if (expiring !== undefined) attempt.settle(`${where(spec)} ${expiring}`);
      else exchange(spec, check, tls, attempt);
    });
  });
}

function handshake(spec: ProbeSpec, check: HttpsCheck, attempt: Dialled): TLSSocket {
  // A certificate names hosts: the SNI name, else the Host header's, else the address itself.
  const name = check.sni ?? hostName(check.host);
  const tls = connect({
    socket: attempt.socket,
    ...(name !== null && isIP(name) === 0 ? { servername: name } : { host: name ?? spec.address }),
    rejectUnauthorized: check.verify,
    ...(check.verify ? { secureContext: systemTrust() } : {}),
    ALPNProtocols: ['http/1.1'],
  });
  tls.on('error', (error) => attempt.settle(tlsSentence(spec, error, attempt.stage)));
  tls.once('close', () => {
    if (attempt.stage === 'during the TLS handshake') {
      attempt.settle(`${where(spec)} closed the connection (${attempt.stage})`);
    }
  });
  return tls;
}

/** Of a Host header, which may carry a port. */
function hostName(host: string | null): string | null {
  return host === null ? null : host.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
}

function expiryProblem({ expiresWithinMs }: HttpsCheck, tls: TLSSocket): string | undefined {
  if (expiresWithinMs === null) return undefined;
  const until = Date.parse(tls.getPeerCertificate().valid_to);
  if (Number.isNaN(until) || until - Date.now() > expiresWithinMs) return undefined;
  return `has a certificate that expires on ${new Date(until).toISOString().slice(0, 10)}`;
}

const CERTIFICATE_PROBLEMS: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: 'has a self-signed certificate',
  SELF_SIGNED_CERT_IN_CHAIN: 'has a certificate chain that ends in an unknown root',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'has a certificate whose issuer is unknown',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'has a certificate whose issuer is unknown',
  CERT_HAS_EXPIRED: 'has a certificate that has expired',
  CERT_NOT_YET_VALID: 'has a certificate that is not valid yet',
  ERR_TLS_CERT_ALTNAME_INVALID: 'has a certificate for another name',
  ECONNRESET: 'reset the connection',
};

function tlsSentence(spec: ProbeSpec, error: NodeJS.ErrnoException, stage: string): string {
  const known = CERTIFICATE_PROBLEMS[error.code ?? ''];
  if (known === undefined) return `${where(spec)} failed TLS: ${error.message.trim()} (${stage})`;
  return `${where(spec)} ${known} (${error.code})`;
}
