/** What a lab that is up tells later commands: a small file, written when every machine had answered. */
import { readFile, rename, writeFile } from 'node:fs/promises';
import { isProfile, type Profile } from './layout.ts';
import type { Place } from './place.ts';

export interface LabRecord {
  readonly profile: Profile;
  /** The image that the disks are layers of. */
  readonly image: string;
}

export async function writeRecord(place: Place, record: LabRecord): Promise<void> {
  await writeFile(`${place.upFile}.new`, `${JSON.stringify(record)}\n`);
  await rename(`${place.upFile}.new`, place.upFile);
}

/** Nothing when the lab is not up, or not yet. */
export async function readRecord(place: Place): Promise<LabRecord | undefined> {
  try {
    const { profile, image } = JSON.parse(await readFile(place.upFile, 'utf8'));
    return isProfile(profile) && typeof image === 'string' ? { profile, image } : undefined;
  } catch {
    return undefined;
  }
}
