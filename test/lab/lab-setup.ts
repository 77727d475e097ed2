/**
 * Around all lab tests of a run: what a killed run left is removed first, and the lab that the tests booted afterwards,
 * whatever became of them. With LVSCTL_LAB_KEEP set it is left up and used again by the next run.
 */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { placeOf } from '../../vm-lab/place.ts';
import { down } from '../../vm-lab/up.ts';
import { TEST_LAB } from './lab-for-tests.ts';

const GUARD = fileURLToPath(new URL('./lab-guard.ts', import.meta.url));

let release = async (): Promise<void> => {};

export async function setup(): Promise<void> {
  if (process.env['LVSCTL_LAB_KEEP'] !== undefined) return;
  await down(placeOf(TEST_LAB));
  const guard = spawn(process.execPath, [GUARD, TEST_LAB], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
  const ended = new Promise((resolve) => guard.on('close', resolve));
  guard.unref();
  release = async () => {
    guard.ref();
    guard.stdin.end();
    await ended;
  };
}

/** A run that is killed does not come here; the guard sees its end all the same. */
export async function teardown(): Promise<void> {
  await release();
}
