/**
 * One question to a name server. An answer that was cut short for UDP (TC, RFC 1035 section 4.2.1) passes where any would; where
 * something must stand in it and does not, the question is asked again over TCP, as resolvers do, in what is left of the timeout.
 */
import { randomInt } from 'node:crypto';
import type { ProbeSpec } from '../health/probe-plan.ts';
import type { ProbeResult } from '../health/verdict.ts';
import type { PeerSockets } from '../kernel/peer-sockets.ts';
import type { Streams } from '../kernel/streams.ts';
import { MalformedError } from '../wire/cursor.ts';
import { type DnsAnswer, decodeAnswer, encodeQuery, type RecordType } from '../wire/dns.ts';
import { type Attempt, where } from './attempt.ts';
import { converse } from './datagram.ts';
import { type Dialled, dial } from './dial.ts';
import { type DnsCheck, isAnswerTo, problemOf } from './dns-answer.ts';

export async function dnsProbe(
  spec: ProbeSpec,
  check: DnsCheck,
  { sockets, streams }: { readonly sockets: PeerSockets; readonly streams: Streams },
  signal: AbortSignal,
): Promise<ProbeResult> {
  const question = questionOf(check);
  let isCutShort = false;
  const result = await converse(spec, sockets, signal, {
    kind: 'udp',
    request: question.bytes,
    onData: (bytes, current) => {
      judge(spec, question, bytes, current, (answer) => {
        isCutShort = answer.isTruncated;
      });
    },
  });
  if (result.ok || !isCutShort) return result;
  const timeoutMs = Math.max(1, spec.timing.timeoutMs - result.latencyMs);
  const rest = { ...spec, timing: { ...spec.timing, timeoutMs: Math.ceil(timeoutMs) } };
  const again = await dial(rest, streams, signal, (dialled) => askAgain(rest, questionOf(check), dialled));
  return { ...again, latencyMs: result.latencyMs + again.latencyMs };
}

interface Question {
  readonly check: DnsCheck;
  readonly id: number;
  readonly bytes: Uint8Array;
}

function questionOf(check: DnsCheck): Question {
  const id = randomInt(0x1_0000);
  return { check, id, bytes: encodeQuery(id, { name: check.name, type: check.type as RecordType }) };
}

/** What answers another question, a late one to an earlier probe, does not count. */
function judge(
  spec: ProbeSpec,
  { check, id }: Question,
  bytes: Uint8Array,
  current: Attempt,
  onWrong: (answer: DnsAnswer) => void = () => {},
): void {
  if (bytes.length < 2 || Buffer.from(bytes).readUInt16BE() !== id) {
    current.stage = 'what came answers another question';
    return;
  }
  try {
    const answer = decodeAnswer(bytes);
    if (!isAnswerTo(answer, id, check)) {
      current.stage = 'what came answers another question';
      return;
    }
    const problem = problemOf(answer, check);
    if (problem !== undefined) onWrong(answer);
    current.settle(problem === undefined ? undefined : `${where(spec)} ${problem}`);
  } catch (error) {
    if (!(error instanceof MalformedError)) throw error;
    current.settle(`${where(spec)} sent a malformed answer: ${error.message}`);
  }
}

/** Each message over TCP has its length before it, two bytes (section 4.2.2). */
function askAgain(spec: ProbeSpec, question: Question, dialled: Dialled): void {
  const { socket } = dialled;
  const [header, parts] = [Buffer.alloc(2), [] as Buffer[]];
  header.writeUInt16BE(question.bytes.length);
  dialled.stage = 'over TCP, as the answer by UDP was cut short';
  socket.on('data', (data: Buffer) => {
    parts.push(data);
    const all = Buffer.concat(parts);
    if (all.length < 2 || all.length < 2 + all.readUInt16BE()) return;
    judge(spec, question, all.subarray(2, 2 + all.readUInt16BE()), dialled);
    dialled.settle(`${where(spec)} answered another question (${dialled.stage})`); // unless it was the answer
  });
  socket.on('end', () => dialled.settle(`${where(spec)} closed the connection (${dialled.stage})`));
  socket.write(Buffer.concat([header, question.bytes]));
}
