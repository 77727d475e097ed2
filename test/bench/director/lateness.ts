/**
 * How late the VRRP process's loop is, by its own measure: every new connection is greeted with a report, and with adverts
 * every 100 ms a look every 50 ms sees each of its deadlines.
 */
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FromVrrp } from '../../../src/vrrp/link.ts';
import { median } from '../figures.ts';

const LOOK_MS = 50;

export interface Lateness {
  readonly samples: number;
  readonly medianMs: number;
  readonly worstMs: number;
}

type Report = Extract<FromVrrp, { type: 'report' }>;

/** What it says of itself now. Rejects when it does not listen, or says nothing in 5 s. */
export function vrrpReport(socketPath: string): Promise<Report> {
  return new Promise((resolve, reject) => {
    const socket = connect(socketPath).setEncoding('utf8').setTimeout(5_000);
    let text = '';
    socket.on('data', (part: string) => {
      text += part;
      const line = text.slice(0, text.indexOf('\n') + 1);
      if (line === '') return;
      socket.destroy();
      resolve(JSON.parse(line) as Report);
    });
    socket.on('timeout', () => socket.destroy(new Error('the VRRP process says nothing')));
    socket.on('error', reject);
  });
}

export class LatenessWatch {
  readonly #path: string;
  #last: number[] = [];
  #isOver = false;
  #worstBefore = Number.NaN;
  #worst = 0;
  readonly #ended: Promise<void>;

  /** Looks until {@link end}. */
  constructor(socketPath: string) {
    this.#path = socketPath;
    this.#ended = this.#look();
  }

  async end(): Promise<Lateness> {
    this.#isOver = true;
    await this.#ended;
    return latenessOf(this.#last, this.#worstBefore, this.#worst);
  }

  async #look(): Promise<void> {
    while (!this.#isOver) {
      const { last, worst } = (await vrrpReport(this.#path)).latenessMs;
      if (Number.isNaN(this.#worstBefore)) this.#worstBefore = worst;
      this.#worst = worst;
      this.#last.push(last);
      await sleep(LOOK_MS);
    }
  }
}

/** A look may miss a deadline, the worst since the start of the process misses none: it counts when it has grown. */
export function latenessOf(last: readonly number[], worstBeforeMs: number, worstMs: number): Lateness {
  const seen = Math.max(...last);
  return {
    samples: last.length,
    medianMs: median(last),
    worstMs: worstMs > worstBeforeMs ? Math.max(worstMs, seen) : seen,
  };
}
