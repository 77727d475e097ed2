/** The folder of the lvsctl package: a clone, or what npm installed; the bundle and the sources lie at different depths in it. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** @throws Error when this file lies in no lvsctl package: an installation that was taken apart. */
export function packageRoot(from: string = import.meta.dirname): string {
  for (let folder = from; ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'package.json')) && existsSync(join(folder, 'bin', 'lvsctl'))) return folder;
    if (folder === dirname(folder)) throw new Error(`no lvsctl package around ${from}`);
  }
}
