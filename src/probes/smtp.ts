/** Greeting, HELO, QUIT (RFC 5321 section 3). Whoever closes instead of answering to QUIT has said enough before. */
import type { ProbeSpec } from '../health/probe-plan.ts';
import type { ProbeResult } from '../health/verdict.ts';
import type { Streams } from '../kernel/streams.ts';
import { where } from './attempt.ts';
import { type Dialled, dial } from './dial.ts';
import { ReplyReader } from './smtp-reply.ts';

interface Turn {
  readonly stage: string;
  /** What is said before the reply is waited for. */
  readonly say: string;
  readonly expected: number;
  /** As the end of `answered 554 …`. */
  readonly to: string;
}

/** Characters of a reply that stand in an error. */
const SHOWN_TEXT = 80;

/** @param helo - the name to give */
export function smtpProbe(spec: ProbeSpec, helo: string, streams: Streams, signal: AbortSignal): Promise<ProbeResult> {
  return dial(spec, streams, signal, (dialled) => speak(spec, helo, dialled));
}

function speak(spec: ProbeSpec, helo: string, dialled: Dialled): void {
  const { socket } = dialled;
  const fail = (what: string): void => dialled.settle(`${where(spec)} ${what}`);
  const turns: Turn[] = [
    { stage: 'the connection was accepted, but no greeting came', say: '', expected: 220, to: 'as its greeting' },
    // A line break in a configured value would be a second command.
    { stage: 'after HELO', say: `HELO ${helo.replace(/\s+/g, ' ')}\r\n`, expected: 250, to: 'to HELO' },
    { stage: 'after QUIT', say: 'QUIT\r\n', expected: 221, to: 'to QUIT' },
  ];
  const reader = new ReplyReader();
  let turn: Turn | undefined;
  const next = (): void => {
    turn = turns.shift();
    if (turn === undefined) {
      dialled.settle();
      return;
    }
    dialled.stage = turn.stage;
    if (turn.say !== '') socket.write(turn.say);
  };
  socket.on('data', (data: Buffer) => {
    const reply = reader.push(data);
    if (reply === undefined || turn === undefined) return;
    if (typeof reply === 'string') fail(`${reply} (${turn.stage})`);
    else if (reply.code === turn.expected) next();
    else fail(`answered ${`${reply.code} ${reply.text.slice(0, SHOWN_TEXT)}`.trim()} ${turn.to}`);
  });
  socket.on('end', () => {
    if (turns.length === 0) dialled.settle();
    else fail(`closed the connection (${dialled.stage})`);
  });
  next();
}
