/** An echo request (RFC 792, RFC 4443 section 4.1), and its reply. */
import { randomBytes, randomInt } from 'node:crypto';
import type { ProbeSpec } from '../health/probe-plan.ts';
import type { ProbeResult } from '../health/verdict.ts';
import type { PeerSockets } from '../kernel/peer-sockets.ts';
import { type Address, familyOf } from '../wire/address.ts';
import { encodeEchoRequest, parseEchoReply } from '../wire/icmp-echo.ts';
import { converse } from './datagram.ts';

/** As ping(8) sends; what goes out tells a reply to us from those to all others that ask at the same time. */
const PAYLOAD_BYTES = 56;

export function pingProbe(spec: ProbeSpec, sockets: PeerSockets, signal: AbortSignal): Promise<ProbeResult> {
  const family = familyOf(spec.address as Address);
  const sent = { id: randomInt(0x1_0000), sequence: 1, payload: randomBytes(PAYLOAD_BYTES) };
  return converse(spec, sockets, signal, {
    kind: 'echo',
    request: encodeEchoRequest(family, sent),
    onData: (message, { settle }) => {
      const reply = parseEchoReply(family, message);
      if (reply?.id === sent.id && reply.sequence === sent.sequence && sent.payload.equals(reply.payload)) settle();
    },
  });
}
