/** Alerts by HTTP: each is posted as JSON (src/status/alert.ts), one after the other. */
import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { SecureContext } from 'node:tls';
import type { AlertsConfig } from '../../config/config.ts';
import { systemTrust } from '../../probes/trust.ts';
import type { Alert } from '../../status/alert.ts';
import type { Channel } from './delivery.ts';
import { masked } from './masked.ts';

/** For the whole exchange. */
const TIMEOUT_MS = 10_000;

export function webhookChannel(
  { url, headers }: NonNullable<AlertsConfig['webhook']>,
  trust: () => SecureContext = systemTrust,
): Channel {
  const target = new URL(url);
  // Many hooks carry their token in the URL.
  const secrets = [
    ...Object.values(headers).map(({ value }) => value),
    ...[url, target.pathname + target.search, target.password].filter((one) => one.length > 1),
  ];
  const given = Object.fromEntries(Object.entries(headers).map(([name, { value }]) => [name, value]));
  return {
    name: 'webhook',
    target: target.host,
    gatherMs: 0,
    pauseMs: 0,
    most: 1,
    async send(alerts, signal) {
      try {
        for (const alert of alerts) await post(target, given, alert, signal, trust);
      } catch (error) {
        throw new Error(masked((error as Error).message, secrets));
      }
      return undefined;
    },
  };
}

async function post(
  url: URL,
  given: Readonly<Record<string, string>>,
  alert: Alert,
  stop: AbortSignal,
  trust: () => SecureContext,
): Promise<void> {
  const limit = AbortSignal.timeout(TIMEOUT_MS);
  const signal = AbortSignal.any([stop, limit]);
  try {
    const status = await statusOf(url, given, alert, signal, trust);
    if (status >= 300 && status < 400) throw new Error(`it answers ${status}, and redirects are not followed`);
    if (status < 200 || status >= 300) throw new Error(`it answers ${status}`);
  } catch (error) {
    throw limit.aborted ? new Error(`no answer within ${TIMEOUT_MS / 1000} s`) : error;
  }
}

function statusOf(
  url: URL,
  given: Readonly<Record<string, string>>,
  alert: Alert,
  signal: AbortSignal,
  trust: () => SecureContext,
): Promise<number> {
  const body = Buffer.from(`${JSON.stringify(alert)}\n`);
  const headers = {
    'User-Agent': 'lvs-agent',
    'Content-Type': 'application/json',
    ...given,
    'Content-Length': body.length,
  };
  const plain = { method: 'POST', headers, signal, agent: false } as const;
  return new Promise((resolve, reject) => {
    // https hands `secureContext` on to tls.connect, which its types do not know.
    const secure = url.protocol === 'https:' ? { ...plain, secureContext: trust() } : null;
    const request = secure === null ? requestHttp(url, plain) : requestHttps(url, secure);
    request.once('response', (response) => {
      resolve(response.statusCode ?? 0);
      // What it says beside its status is of no use here, and may be long.
      response.destroy();
    });
    request.once('error', reject);
    request.end(body);
  });
}
