/** Where load goes, and how a connection to it fails: in a few words that can be counted. */
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

export interface Target {
  readonly address: string;
  readonly port: number;
  readonly tls: boolean;
  readonly path: string;
  /** Source address; the system's choice when absent. */
  readonly from?: string;
  /** Source ports, one after another and from the first again; the system's choice when absent. */
  readonly ports?: { readonly first: number; readonly count: number };
}

let dialled = 0;

/** Opens a connection; `ready` is called when it may be written to. No delay: a request is one small packet. */
export function dial(target: Target, ready: () => void): Socket {
  const to = {
    host: target.address,
    port: target.port,
    noDelay: true,
    ...(target.from === undefined ? {} : { localAddress: target.from }),
    ...(target.ports === undefined ? {} : { localPort: target.ports.first + (dialled++ % target.ports.count) }),
  };
  return target.tls ? connectTls({ ...to, rejectUnauthorized: false }, ready) : connect(to, ready);
}

export type Cause =
  | 'timeout'
  | 'refused'
  | 'reset'
  | 'unreachable'
  | 'closed'
  | 'stalled'
  | `status ${number}`
  | (string & {});

const CAUSES: Readonly<Record<string, Cause>> = {
  ECONNREFUSED: 'refused',
  ECONNRESET: 'reset',
  EPIPE: 'reset',
  EHOSTUNREACH: 'unreachable',
  ENETUNREACH: 'unreachable',
  ETIMEDOUT: 'timeout',
};

export function causeOf(error: Error): Cause {
  const code = 'code' in error ? String(error.code) : '';
  return CAUSES[code] ?? (code || error.message);
}
