/**
 * Records what the router goes through (src/vrrp/recording.ts) in files below the state folder, for root alone. Bounded: a
 * recording ends by itself when it is full or the disk does not keep up, and only the newest files are kept. The loop is never
 * waited for by the disk: lines are handed to a stream, and what it cannot take ends the recording.
 */
import { createWriteStream, mkdirSync, openSync, readdirSync, rmSync, type WriteStream } from 'node:fs';
import { join } from 'node:path';
import type { Effect } from '../../vrrp/instance.ts';
import { type RecordingEnd, type RecordingLine, recordingWriter } from '../../vrrp/recording.ts';
import type { Router, RouterEvent } from '../../vrrp/router.ts';
import type { Log } from './log.ts';

/** Some 50,000 advertisements. */
const LONGEST_BYTES = 16 * 1024 * 1024;
/** What may wait for the disk. */
const LONGEST_BACKLOG = 1024 * 1024;
/** Recordings kept, the one that runs included. */
const KEPT = 8;
/** The process that ends waits no longer for the disk: its successor has to be there within the patience of its peers. */
const LAST_WORDS_MS = 200;

const NAME = /^\d{4}-[\dTZ-]+\.jsonl$/;

export interface RecorderOptions {
  readonly folder: string;
  readonly log: Log;
  /** Names the file. */
  readonly wallMs: number;
  readonly longestBytes?: number;
}

export class Recorder {
  readonly path: string;
  readonly #log: Log;
  readonly #longest: number;
  readonly #stream: WriteStream;
  readonly #closed: Promise<void>;
  readonly #write: ReturnType<typeof recordingWriter>;
  #bytes = 0;
  #isEnded = false;

  /** @throws the error of a folder or file that cannot be made */
  constructor({ folder, log, wallMs, longestBytes = LONGEST_BYTES }: RecorderOptions, router: Router, nowMs: number) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    prune(folder);
    this.path = join(folder, `${new Date(wallMs).toISOString().replace(/[:.]/g, '-')}.jsonl`);
    this.#log = log;
    this.#longest = longestBytes;
    this.#write = recordingWriter();
    this.#stream = createWriteStream(this.path, { fd: openSync(this.path, 'wx', 0o600) });
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#closed = promise;
    this.#stream.on('close', resolve);
    this.#stream.on('error', ({ message }) => {
      this.#isEnded = true;
      this.#log('warning', 'recording ended', { path: this.path, reason: message });
    });
    this.#put({ type: 'start', format: 1, atMs: nowMs, router });
  }

  get bytes(): number {
    return this.#bytes;
  }

  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** @param router as the step left it */
  step(event: RouterEvent, effects: readonly Effect[], atMs: number, router: Router): void {
    if (this.#isEnded) return;
    this.#put({ type: 'step', atMs, event, effects });
    if (this.#bytes > this.#longest) this.#end('full', atMs, router);
    else if (this.#stream.writableLength > LONGEST_BACKLOG) this.#end('behind', atMs, router);
  }

  /** @returns when all is written, or a fifth of a second is over */
  async end(reason: RecordingEnd['reason'], atMs: number, router: Router): Promise<void> {
    if (!this.#isEnded) this.#end(reason, atMs, router);
    const { promise, resolve } = Promise.withResolvers<void>();
    const patience = setTimeout(resolve, LAST_WORDS_MS);
    await Promise.race([this.#closed, promise]);
    clearTimeout(patience);
  }

  #end(reason: RecordingEnd['reason'], atMs: number, router: Router): void {
    this.#put({ type: 'end', reason, atMs, router });
    this.#isEnded = true;
    this.#stream.end();
    this.#log('notice', 'recording ended', { path: this.path, reason });
  }

  #put(line: RecordingLine): void {
    const text = this.#write(line);
    this.#bytes += Buffer.byteLength(text);
    this.#stream.write(text);
  }
}

/** Makes room for one more; a file that is none of ours stays. */
function prune(folder: string): void {
  const old = readdirSync(folder)
    .filter((name) => NAME.test(name))
    .sort()
    .slice(0, 1 - KEPT);
  for (const name of old) rmSync(join(folder, name), { force: true });
}
