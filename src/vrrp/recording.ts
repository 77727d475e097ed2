/**
 * The record of one router: its state when the record began, every event with its monotonic time and the effects that came of it,
 * and its state at the end; a line of JSON each. Played again through stepRouter, the same effects come out, bit for bit. The
 * input.jsonl and output.jsonl of a conformance case (test/vrrp/conformance) are the two halves of such steps. Pure.
 */
import type { Effect } from './instance.ts';
import type { Router, RouterEvent } from './router.ts';

export type RecordingLine = RecordingStart | RecordedStep | RecordingEnd;

export interface RecordingStart {
  readonly type: 'start';
  readonly format: 1;
  readonly atMs: number;
  readonly router: Router;
}

export interface RecordedStep {
  readonly type: 'step';
  readonly atMs: number;
  readonly event: RouterEvent;
  readonly effects: readonly Effect[];
}

/** A recording without an end is of a process that died, or of a disk that did. */
export interface RecordingEnd {
  readonly type: 'end';
  readonly atMs: number;
  /** `full`: as long as it may get; `behind`: the disk did not keep up. */
  readonly reason: 'asked' | 'stopped' | 'full' | 'behind';
  readonly router: Router;
}

/** Where passwords and keys stand in setups and advertisements. */
const SECRET_KEYS: ReadonlySet<string> = new Set(['password', 'pass', 'key', 'secret', 'data']);

/**
 * Writes lines without secrets: each stands as `masked-1`, `masked-2` …, the same one always by the same number. The router
 * tells secrets apart and asks no more of them, so what is masked replays to what is masked.
 */
export function recordingWriter(): (line: RecordingLine) => string {
  const masks = new Map<string, string>();
  const mask = (secret: string): string => {
    const known = masks.get(secret) ?? `masked-${masks.size + 1}`;
    masks.set(secret, known);
    return known;
  };
  const replacer = (key: string, value: unknown): unknown =>
    typeof value === 'string' && value !== '' && SECRET_KEYS.has(key) ? mask(value) : value;
  return (line) => `${JSON.stringify(line, replacer)}\n`;
}
