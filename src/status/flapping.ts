/** Checks that flap, in words. */
import type { CheckState } from './state.ts';

/** One sentence, the same for all services that use the check of a realserver; none while it does not flap. */
export function flappingAlarm({ realserver, check, flapping }: CheckState): string[] {
  if (flapping === undefined) return [];
  const { falls, rise } = flapping;
  return [
    `${realserver} flaps: check ${check} failed ${falls} times in short order, so ${rise} successes in a row are asked for`,
  ];
}
