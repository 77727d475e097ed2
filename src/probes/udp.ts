/**
 * A datagram, and what comes back. Without `expect` any answer passes, and so does silence: much that speaks UDP answers to
 * nothing that it does not know, and only an ICMP error says that nobody is there. Silence has to last until the kernel has given
 * up a host that is gone (three questions by ARP or neighbour discovery, a second each), or none would ever be found gone.
 */
import type { CheckKind } from '../config/service.ts';
import type { ProbeSpec } from '../health/probe-plan.ts';
import type { ProbeResult } from '../health/verdict.ts';
import type { PeerSockets } from '../kernel/peer-sockets.ts';
import { where } from './attempt.ts';
import { converse } from './datagram.ts';

type UdpCheck = Extract<CheckKind, { kind: 'udp' }>;

const SURE_SILENCE_MS = 4_000;
/** Bytes of an answer that stand in an error. */
const SHOWN_BYTES = 16;

export function udpProbe(
  spec: ProbeSpec,
  { sendHex, expectHex }: UdpCheck,
  sockets: PeerSockets,
  signal: AbortSignal,
): Promise<ProbeResult> {
  const wanted = expectHex === null ? null : Buffer.from(expectHex, 'hex');
  const timeoutMs = Math.max(spec.timing.timeoutMs, wanted === null ? SURE_SILENCE_MS : 0);
  return converse({ ...spec, timing: { ...spec.timing, timeoutMs } }, sockets, signal, {
    kind: 'udp',
    request: Buffer.from(sendHex, 'hex'),
    passesSilence: wanted === null,
    onData: (bytes, { settle }) => {
      if (wanted === null || wanted.equals(bytes.subarray(0, wanted.length))) settle();
      else settle(`${where(spec)} answered ${shown(bytes)}, expected ${shown(wanted)} at the beginning`);
    },
  });
}

function shown(bytes: Uint8Array): string {
  if (bytes.length === 0) return 'an empty datagram';
  const hex = Buffer.from(bytes.subarray(0, SHOWN_BYTES)).toString('hex');
  return `0x${hex}${bytes.length > SHOWN_BYTES ? '…' : ''}`;
}
