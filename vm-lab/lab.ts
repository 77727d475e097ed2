/** A lab that is up: what every other function here takes. */
import { LabError } from './lab-error.ts';
import type { Profile } from './layout.ts';
import { findNamespace, type Namespace } from './namespace.ts';
import { type Place, placeOf } from './place.ts';
import { readRecord } from './record.ts';

export interface Lab {
  readonly place: Place;
  readonly namespace: Namespace;
  readonly profile: Profile;
  /** The image that the machines' disks are layers of. */
  readonly image: string;
}

/** @throws LabError when no lab of that name is up. */
export async function openLab(name?: string): Promise<Lab> {
  const place = placeOf(name);
  const namespace = await findNamespace(place);
  const record = await readRecord(place);
  if (namespace === undefined || record === undefined) {
    const what = namespace === undefined ? 'is not up' : 'is being started, or its start was interrupted';
    const suffix = name === undefined ? '' : ` --name ${name}`;
    throw new LabError(`the lab ${place.name} ${what}`, { code: 5, hints: [`lvsctl lab up${suffix}`] });
  }
  return { place, namespace, ...record };
}
