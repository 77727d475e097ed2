/** Runs a bounded number of programs at a time: a thousand realservers may go down in one moment. */
import type { RunProgram } from '../script-run.ts';

/** @returns as `run`; what waits and is aborted meanwhile is not started */
export function fewAtOnce(run: RunProgram, most: number): RunProgram {
  const waiting: (() => void)[] = [];
  let running = 0;
  return async (program, signal) => {
    if (running >= most) await new Promise<void>((resolve) => waiting.push(resolve));
    else running++;
    try {
      return await run(program, signal);
    } finally {
      const next = waiting.shift();
      if (next === undefined) running--;
      else next();
    }
  };
}
