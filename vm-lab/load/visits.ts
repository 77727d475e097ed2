/**
 * Visits one after another, each when the one before has been answered, so that what a scheduler does with them does not
 * depend on how fast anything is. Groups visit at the same time: each has a service of its own.
 */
import { createSocket, type Socket as DatagramSocket } from 'node:dgram';
import type { Socket } from 'node:net';
import { readAnswer, requestText } from './answer.ts';
import { type Cause, causeOf, dial } from './target.ts';

export interface VisitGroup {
  readonly name: string;
  readonly protocol: 'tcp' | 'udp';
  readonly port: number;
  /** Source and destination addresses, one after another and from the first again. */
  readonly from: readonly string[];
  readonly to: readonly string[];
  readonly count: number;
  /** TCP: every connection stays open until the group's last visit. UDP: all go out of one port of the first address. */
  readonly isHeld: boolean;
}

export interface VisitsPlan {
  readonly groups: readonly VisitGroup[];
  /** For one visit. */
  readonly timeoutMs: number;
  readonly durationMs: number;
}

export interface Visit {
  readonly from: string;
  readonly fromPort: number;
  readonly to: string;
  /** Who answered; absent when nobody did. */
  readonly server?: string;
  readonly cause?: Cause;
}

export interface VisitsReport {
  readonly visits: Readonly<Record<string, readonly Visit[]>>;
}

interface Way {
  readonly from: string;
  readonly to: string;
  readonly port: number;
}

interface Visitor {
  visit(way: Way): Promise<Visit>;
  /** Closes what it holds. */
  leave(): void;
}

/** Runs until every group is done, or `stop`. */
export async function runVisits(plan: VisitsPlan, stop: AbortSignal): Promise<VisitsReport> {
  const done = plan.groups.map(async (group) => [group.name, await visitAll(group, plan.timeoutMs, stop)] as const);
  return { visits: Object.fromEntries(await Promise.all(done)) };
}

async function visitAll(group: VisitGroup, timeoutMs: number, stop: AbortSignal): Promise<Visit[]> {
  const visitor = group.protocol === 'tcp' ? connecting(group.isHeld, timeoutMs) : sending(timeoutMs);
  const visits: Visit[] = [];
  for (let index = 0; index < group.count && !stop.aborted; index += 1) {
    visits.push(await visitor.visit({ from: turn(group.from, index), to: turn(group.to, index), port: group.port }));
    if (!group.isHeld) visitor.leave();
  }
  visitor.leave();
  return visits;
}

function turn(addresses: readonly string[], index: number): string {
  return addresses[index % addresses.length] ?? '';
}

function connecting(isHeld: boolean, timeoutMs: number): Visitor {
  const open: Socket[] = [];
  const request = ({ from, to, port }: Way): Promise<Visit> =>
    new Promise((resolve) => {
      let bytes = '';
      let fromPort = 0;
      const socket = dial({ address: to, port, from, tls: false, path: '/' }, () => {
        fromPort = socket.localPort ?? 0;
        socket.write(requestText(to, '/', isHeld ? 'keep-alive' : 'close'));
      });
      open.push(socket);
      const settle = (rest: Pick<Visit, 'server' | 'cause'>) => {
        clearTimeout(timer);
        resolve({ from, fromPort, to, ...rest });
      };
      const timer = setTimeout(() => settle({ cause: 'timeout' }), timeoutMs);
      socket.setEncoding('latin1');
      socket.on('error', (error) => settle({ cause: causeOf(error) }));
      socket.on('close', () => settle({ cause: 'closed' }));
      socket.on('data', (chunk) => {
        bytes += chunk;
        try {
          const answer = readAnswer(bytes);
          if (answer !== undefined) settle({ server: answer.body.trim() });
        } catch (error) {
          settle({ cause: error instanceof Error ? error.message : String(error) });
        }
      });
    });
  return {
    visit: request,
    leave: () => {
      for (const socket of open.splice(0)) socket.destroy();
    },
  };
}

/** Out of one port until it leaves. The servers answer with their name, whatever is asked. */
function sending(timeoutMs: number): Visitor {
  let socket: DatagramSocket | undefined;
  return {
    async visit({ from, to, port }) {
      const bound = socket ?? (await bind(from));
      socket = bound;
      return new Promise((resolve) => {
        const settle = (rest: Pick<Visit, 'server' | 'cause'>) => {
          clearTimeout(timer);
          bound.removeAllListeners('message');
          resolve({ from, fromPort: bound.address().port, to, ...rest });
        };
        const timer = setTimeout(() => settle({ cause: 'timeout' }), timeoutMs);
        bound.on('message', (bytes) => settle({ server: bytes.toString('latin1').trim() }));
        bound.send('?', port, to, (error) => {
          if (error) settle({ cause: causeOf(error) });
        });
      });
    },
    leave: () => {
      socket?.close();
      socket = undefined;
    },
  };
}

function bind(from: string): Promise<DatagramSocket> {
  return new Promise((resolve, reject) => {
    const socket = createSocket('udp4');
    socket.once('error', reject);
    socket.bind(0, from, () => {
      // what comes later is told by each sending
      socket.off('error', reject).on('error', () => {});
      resolve(socket);
    });
  });
}
