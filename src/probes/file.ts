/** Is the file there? What cannot be looked at is not. */
import { stat } from 'node:fs/promises';
import type { ProbeSpec } from '../health/probe-plan.ts';
import type { ProbeResult } from '../health/verdict.ts';
import { attempt } from './attempt.ts';

/** One look at a path at a time: a file system that does not answer gathers no queue of threads that wait for it. */
const looks = new Map<string, Promise<string | undefined>>();

export function fileProbe(spec: ProbeSpec, path: string, signal: AbortSignal): Promise<ProbeResult> {
  return attempt({ ...spec, address: path }, signal, ({ settle }) => {
    void look(path).then(settle);
    return () => {};
  });
}

function look(path: string): Promise<string | undefined> {
  const current = looks.get(path) ?? problemWith(path).finally(() => looks.delete(path));
  looks.set(path, current);
  return current;
}

async function problemWith(path: string): Promise<string | undefined> {
  try {
    await stat(path);
    return undefined;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return code === 'ENOENT' || code === 'ENOTDIR' ? `${path} is not there` : `${path} cannot be looked at: ${message}`;
  }
}
