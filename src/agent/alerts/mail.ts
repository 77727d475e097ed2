/** Alerts by mail. nodemailer is loaded with the first one: a director without mail does without it. */
import type { SecureContext } from 'node:tls';
import type { AlertsConfig } from '../../config/config.ts';
import { systemTrust } from '../../probes/trust.ts';
import type { Alert } from '../../status/alert.ts';
import type { Channel } from './delivery.ts';
import { mailText } from './mail-text.ts';
import { masked } from './masked.ts';

type Smtp = NonNullable<AlertsConfig['smtp']>;

/** A failover comes as several alerts within a second or two, and is one mail. */
const GATHER_MS = 2_000;
/** What flaps is told of once a minute. */
const PAUSE_MS = 60_000;
/** What somebody would still read. */
const MOST_ALERTS = 200;

/** @param director - the name given in HELO unless `helo` says otherwise */
export function mailChannel(smtp: Smtp, director: string, trust: () => SecureContext = systemTrust): Channel {
  const { server, port, user, password } = smtp;
  const pass = password?.value ?? '';
  // As AUTH PLAIN sends them (RFC 4616).
  const secrets = [pass, `\0${user}\0${pass}`];
  return {
    name: 'mail',
    target: `${server.includes(':') ? `[${server}]` : server}:${port}`,
    gatherMs: GATHER_MS,
    pauseMs: PAUSE_MS,
    most: MOST_ALERTS,
    async send(alerts, signal) {
      const limit = AbortSignal.timeout(smtp.timeoutMs);
      try {
        return await deliver(smtp, director, alerts, AbortSignal.any([signal, limit]), trust);
      } catch (error) {
        if (limit.aborted) throw new Error(`it was not taken within ${smtp.timeoutMs / 1000} s`);
        throw new Error(masked((error as Error).message, secrets));
      }
    },
  };
}

async function deliver(
  smtp: Smtp,
  director: string,
  alerts: readonly Alert[],
  signal: AbortSignal,
  trust: () => SecureContext,
): Promise<string | undefined> {
  const { createTransport } = await import('nodemailer');
  const { server, port, from, to, helo, tls, user, password, timeoutMs } = smtp;
  const transport = createTransport({
    host: server,
    port,
    name: helo ?? director,
    secure: tls === 'required',
    // Never without TLS: a password or a cause is not for everybody on the way.
    requireTLS: tls === 'starttls',
    ignoreTLS: tls === 'none',
    ...(tls === 'none' ? {} : { tls: { secureContext: trust() } }),
    ...(user === null ? {} : { auth: { user, pass: password?.value ?? '' }, forceAuth: true }),
    connectionTimeout: timeoutMs,
    dnsTimeout: timeoutMs,
    greetingTimeout: timeoutMs,
    socketTimeout: timeoutMs,
  });
  const { rejected } = await transport.sendMail({
    from,
    to: [...to],
    ...mailText(alerts),
    // The same mail sent twice is known as the same.
    messageId: `<${alerts[0]?.id}.${alerts.length}@${from.slice(from.lastIndexOf('@') + 1)}>`,
    date: new Date(),
    headers: { 'Auto-Submitted': 'auto-generated' },
    disableFileAccess: true,
    disableUrlAccess: true,
    signal,
  });
  return rejected.length === 0 ? undefined : `refused for ${rejected.map(addressOf).join(', ')}`;
}

function addressOf(one: string | { readonly address: string }): string {
  return typeof one === 'string' ? one : one.address;
}
