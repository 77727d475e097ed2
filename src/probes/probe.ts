/** One question to one target: which kinds there are, and what they need of the system. */
import type { ProbeSpec } from '../health/probe-plan.ts';
import type { ProbeResult } from '../health/verdict.ts';
import type { PeerSockets } from '../kernel/peer-sockets.ts';
import type { Streams } from '../kernel/streams.ts';
import { dnsProbe } from './dns.ts';
import { fileProbe } from './file.ts';
import { httpProbe } from './http.ts';
import { httpsProbe } from './https.ts';
import { pingProbe } from './ping.ts';
import { type RunScript, scriptProbe } from './script.ts';
import { smtpProbe } from './smtp.ts';
import { tcpProbe } from './tcp.ts';
import { udpProbe } from './udp.ts';

/** Asks once. Never rejects: whatever goes wrong is a failed result. An aborted probe's result means nothing. */
export type Probe = (signal: AbortSignal) => Promise<ProbeResult>;

export interface ProbeMeans {
  readonly sockets: PeerSockets;
  readonly streams: Streams;
  readonly runScript: RunScript;
}

export function probeMaker({ sockets, streams, runScript }: ProbeMeans): (spec: ProbeSpec) => Probe {
  return (spec) => {
    const { check } = spec;
    switch (check.kind) {
      case 'tcp':
        return (signal) => tcpProbe(spec, streams, signal);
      case 'http':
        return (signal) => httpProbe(spec, check, streams, signal);
      case 'https':
        return (signal) => httpsProbe(spec, check, streams, signal);
      case 'smtp':
        return (signal) => smtpProbe(spec, check.helo ?? '', streams, signal);
      case 'dns':
        return (signal) => dnsProbe(spec, check, { sockets, streams }, signal);
      case 'udp':
        return (signal) => udpProbe(spec, check, sockets, signal);
      case 'ping':
        return (signal) => pingProbe(spec, sockets, signal);
      case 'script':
        return (signal) => scriptProbe(spec, check, runScript, signal);
      case 'file':
        return (signal) => fileProbe(spec, check.path, signal);
    }
  };
}
