/** Recordings of the live process, read and played again through the pure router. */
import type { RecordedStep, RecordingEnd, RecordingLine, RecordingStart } from '../../src/vrrp/recording.ts';
import { stepRouter } from '../../src/vrrp/router.ts';

export interface Recording {
  readonly start: RecordingStart;
  readonly steps: readonly RecordedStep[];
  /** Undefined when the process died. */
  readonly end: RecordingEnd | undefined;
}

/** @throws Error when it is no recording; a last line that was not written whole is left out */
export function readRecording(text: string): Recording {
  const whole = text.slice(0, text.lastIndexOf('\n') + 1).trimEnd();
  const lines = whole.split('\n').map((line) => JSON.parse(line) as RecordingLine);
  const [start] = lines;
  if (start?.type !== 'start' || start.format !== 1) throw new Error('no recording of a form that is known here');
  const steps = lines.filter((line) => line.type === 'step');
  return { start, steps, end: lines.find((line) => line.type === 'end') };
}

/** Plays it again. @returns the first step that comes out otherwise than recorded, or undefined when none does, to the last bit */
export function firstDifference({
  start,
  steps,
  end,
}: Recording): { readonly step: number; readonly recorded: string; readonly replayed: string } | undefined {
  let router = start.router;
  for (const [index, { event, atMs, effects }] of steps.entries()) {
    const stepped = stepRouter(router, event, atMs);
    const [recorded, replayed] = [JSON.stringify(effects), JSON.stringify(stepped.effects)];
    if (recorded !== replayed) return { step: index, recorded, replayed };
    router = stepped.router;
  }
  if (end === undefined) return undefined;
  const [recorded, replayed] = [JSON.stringify(end.router), JSON.stringify(router)];
  return recorded === replayed ? undefined : { step: steps.length, recorded, replayed };
}
