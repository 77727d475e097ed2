/**
 * Around all lab tests of a run: what a killed run left is removed first, and the lab that the tests booted afterwards,
 * whatever became of them. With LVSCTL_LAB_KEEP set it is left up and used again by the next run.
 */
import { placeOf } from '../../vm-lab/place.ts';
import { down } from '../../vm-lab/up.ts';
import { TEST_LAB } from './lab-for-tests.ts';

async function clear(): Promise<void> {
  if (process.env['LVSCTL_LAB_KEEP'] === undefined) await down(placeOf(TEST_LAB));
}

export async function setup(): Promise<void> {
  await clear();
}

export async function teardown(): Promise<void> {
  await clear();
}
