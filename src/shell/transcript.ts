/**
 * Both output streams of one run → the results of its steps. A step is over when both streams have said so; they may run
 * apart as far as they like. Output is bounded per step: what is beyond the limit is dropped and said to be.
 */
import { type Frame, FrameReader } from './frames.ts';
import type { ScriptResult, Step, StepResult } from './step.ts';

/** Enough for a shell to say why it ends. */
const NOISE_BYTES = 4096;

export interface OutputLimits {
  /** Bytes of stdout kept a step. @default 8 MiB: the facts of 1,000 services are under one */
  readonly stdoutBytes?: number;
  /** Bytes of stderr kept a step. @default 64 KiB */
  readonly stderrBytes?: number;
}

interface Ending {
  readonly exitCode: number;
  readonly command: number | null;
}

interface Lane {
  readonly reader: FrameReader;
  readonly limit: number;
  /** Of each step that has begun here. */
  readonly texts: Collected[];
  readonly endings: Ending[];
  open: boolean;
  done: boolean;
  /** What came outside all steps: the shell's own complaints. */
  readonly noise: Collected;
}

interface Collected {
  readonly chunks: Uint8Array[];
  bytes: number;
  truncated: boolean;
}

export class Transcript {
  readonly #steps: readonly Step[];
  readonly #results: StepResult[] = [];
  readonly #out: Lane;
  readonly #err: Lane;

  constructor(steps: readonly Step[], nonce: string, limits: OutputLimits = {}) {
    this.#steps = steps;
    this.#out = lane(nonce, limits.stdoutBytes ?? 8 * 1024 * 1024);
    this.#err = lane(nonce, limits.stderrBytes ?? 64 * 1024);
  }

  /** Takes a chunk; returns the results of the steps that it ends. */
  push(stream: 'stdout' | 'stderr', chunk: Uint8Array): StepResult[] {
    const to = stream === 'stdout' ? this.#out : this.#err;
    for (const frame of to.reader.push(chunk)) take(to, frame, this.#steps.length);
    const before = this.#results.length;
    while (this.#completeNext());
    return this.#results.slice(before);
  }

  /** Whether the run has ended by itself. */
  get done(): boolean {
    return this.#out.done && this.#err.done;
  }

  result(): ScriptResult {
    const last = this.#results.at(-1);
    return { steps: this.#results, failed: last !== undefined && last.exitCode !== 0 ? last : null };
  }

  /** The step that was running when the shell went away, and what it had said on stderr: for the error's words. */
  interrupted(): { readonly step: string | null; readonly stderr: string } {
    const running = Math.max(this.#out.texts.length, this.#err.texts.length) - 1;
    const open = running >= this.#results.length;
    const current = this.#err.texts[running];
    const held = new TextDecoder().decode(this.#err.reader.rest());
    return {
      step: open ? (this.#steps[running]?.name ?? null) : null,
      stderr: (current !== undefined && open ? decoded(current) : '') + decoded(this.#err.noise) + held,
    };
  }

  #completeNext(): boolean {
    const index = this.#results.length;
    const ending = this.#out.endings[index];
    const step = this.#steps[index];
    const stdout = this.#out.texts[index];
    const stderr = this.#err.texts[index];
    if (!ending || !this.#err.endings[index] || !step || !stdout || !stderr) return false;
    this.#results.push({
      name: step.name,
      exitCode: ending.exitCode,
      failedCommand: ending.exitCode === 0 || 'text' in step ? null : ending.command,
      stdout: decoded(stdout),
      stderr: decoded(stderr),
      truncated: stdout.truncated || stderr.truncated,
    });
    // The bytes are text now; a long run should not hold them twice.
    stdout.chunks.length = 0;
    stderr.chunks.length = 0;
    return true;
  }
}

function lane(nonce: string, limit: number): Lane {
  return {
    reader: new FrameReader(nonce),
    limit,
    texts: [],
    endings: [],
    open: false,
    done: false,
    noise: collected(),
  };
}

/** Frames out of order can only come from one who reads the shell's memory: they are ignored. */
function take(to: Lane, frame: Frame, stepCount: number): void {
  switch (frame.kind) {
    case 'begin':
      if (to.done || to.open || frame.step !== to.texts.length || frame.step >= stepCount) return;
      to.open = true;
      to.texts.push(collected());
      return;
    case 'end':
      if (!to.open || frame.step !== to.texts.length - 1) return;
      to.open = false;
      to.endings.push({ exitCode: frame.exitCode, command: frame.command });
      return;
    case 'done':
      to.done = !to.open;
      return;
    case 'data': {
      const current = to.open ? to.texts.at(-1) : undefined;
      if (current === undefined) keep(to.noise, frame.bytes, NOISE_BYTES);
      else keep(current, frame.bytes, to.limit);
    }
  }
}

function collected(): Collected {
  return { chunks: [], bytes: 0, truncated: false };
}

function keep(to: Collected, bytes: Uint8Array, limit: number): void {
  const room = limit - to.bytes;
  const kept = bytes.length > room ? bytes.slice(0, room) : bytes;
  to.truncated ||= kept.length < bytes.length;
  if (kept.length === 0) return;
  to.chunks.push(kept);
  to.bytes += kept.length;
}

function decoded(from: Collected): string {
  const decoder = new TextDecoder();
  return from.chunks.map((chunk) => decoder.decode(chunk, { stream: true })).join('') + decoder.decode();
}
