/** The lab that test files share: booted by the first that asks, mended after each test. */
import { afterEach, beforeAll } from 'vitest';
import { heal, powerOn } from '../../vm-lab/faults.ts';
import { type Lab, openLab } from '../../vm-lab/lab.ts';
import { MACHINES, type Profile } from '../../vm-lab/layout.ts';
import { placeOf } from '../../vm-lab/place.ts';
import { readRecord } from '../../vm-lab/record.ts';
import { down, up } from '../../vm-lab/up.ts';

/** Two runs side by side need a lab each: LVSCTL_TEST_LAB names another. */
export const TEST_LAB = process.env['LVSCTL_TEST_LAB'] ?? 'test';

export interface LabWish {
  /** @default 'default' */
  readonly profile?: Profile;
  /** Machines as they come from the image, rather than as earlier test files left them. @default false */
  readonly fresh?: boolean;
}

/** Call it at the top of a test file; what it returns gives the lab inside tests and hooks. */
export function labForTests({ profile = 'default', fresh = false }: LabWish = {}): () => Lab {
  const place = placeOf(TEST_LAB);
  let lab: Lab | undefined;
  const current = (): Lab => {
    if (lab === undefined) throw new Error('the lab is there in tests and hooks only');
    return lab;
  };
  beforeAll(async () => {
    const record = await readRecord(place);
    if (fresh || (record !== undefined && record.profile !== profile)) await down(place);
    await up(place, { profile });
    lab = await openLab(TEST_LAB);
  });
  afterEach(async () => {
    await heal(current());
    await Promise.all(MACHINES.map((machine) => powerOn(current(), machine)));
  });
  return current;
}

/** Waits until something holds, asking again and again. @throws Error with the last answer when it does not in time. */
export async function eventually<Answer>(
  ask: () => Promise<Answer>,
  holds: (answer: Answer) => boolean,
  timeoutMs = 10_000,
): Promise<Answer> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const answer = await ask();
    if (holds(answer)) return answer;
    if (performance.now() > deadline) throw new Error(`still ${JSON.stringify(answer)} after ${timeoutMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
