/** Which release a process of the agent runs from: a release folder is named after the hash of its content, and says its version. */
import { readFileSync, realpathSync } from 'node:fs';
import { basename, resolve } from 'node:path';

export interface OwnRelease {
  readonly hash: string;
  readonly version: string;
}

/** @param here the folder of the running bundle; `development` in a clone. */
export function ownRelease(here: string): OwnRelease {
  try {
    const folder = realpathSync(here);
    return { hash: basename(folder), version: readFileSync(resolve(folder, 'version'), 'utf8').trim() };
  } catch {
    return { hash: 'development', version: 'development' };
  }
}
