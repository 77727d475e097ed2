/** One probe over a socket that speaks with one peer (UDP, ICMP echo): what is sent, and what is made of what comes back. */
import type { ProbeSpec } from '../health/probe-plan.ts';
import type { ProbeResult } from '../health/verdict.ts';
import type { Peer, PeerSockets } from '../kernel/peer-sockets.ts';
import type { Address } from '../wire/address.ts';
import { type Attempt, attempt, where } from './attempt.ts';
import { inTurn } from './in-turn.ts';

export interface Conversation {
  readonly kind: Peer['kind'];
  readonly request: Uint8Array;
  /** Called for all that comes, until it settles the attempt. */
  readonly onData: (bytes: Uint8Array, current: Attempt) => void;
  /** Silence until the deadline is a success: nothing has come back that says otherwise. */
  readonly passesSilence?: boolean;
}

export function converse(
  spec: ProbeSpec,
  sockets: PeerSockets,
  signal: AbortSignal,
  { kind, request, onData, passesSilence = false }: Conversation,
): Promise<ProbeResult> {
  const { from, mark } = spec.check.target;
  const peer = { kind, address: spec.address as Address, port: spec.port, from, mark };
  const talk = (): Promise<ProbeResult> =>
    attempt(
      spec,
      signal,
      (current) => {
        const socket = sockets.open(peer, {
          onData: (bytes) => onData(bytes, current),
          onError: (code, isUnsent) => current.settle(`${where(spec)} ${CAUSES[code] ?? `failed: ${code}`}`, isUnsent),
        });
        socket.send(request);
        return () => socket.close();
      },
      passesSilence ? 'passes' : 'fails',
    );
  if (kind !== 'udp' || from === null || from.port === 0) return talk();
  return inTurn(`${from.address ?? ''}:${from.port} ${where(spec)}`, talk);
}

const CAUSES: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'answered that nobody listens on this port (ICMP port unreachable, ECONNREFUSED)',
  EHOSTUNREACH: 'is unreachable: no route, nobody answers ARP for it, or a firewall says so (EHOSTUNREACH)',
  ENETUNREACH: 'is unreachable: no route to its network (ENETUNREACH)',
  ENOPROTOOPT: 'answered that it does not speak this protocol (ICMP protocol unreachable, ENOPROTOOPT)',
  EACCES: 'may not be asked: a route or the firewall of this director forbids it (EACCES)',
  EPERM: 'may not be asked: the firewall of this director forbids it (EPERM)',
  EMSGSIZE: 'could not be asked: the datagram is too long for the way (EMSGSIZE)',
  EADDRNOTAVAIL: 'cannot be asked from the address or port that the check names (EADDRNOTAVAIL)',
  EADDRINUSE: 'cannot be asked from the port that the check names: it is in use (EADDRINUSE)',
  EMFILE: 'could not be asked: this process has no file descriptor left (EMFILE)',
};
