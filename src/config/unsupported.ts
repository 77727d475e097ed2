/** Keys that validate but are not acted upon yet. Later work deletes rows. */
import type { Finding } from './problem.ts';
import type { Raw } from './raw.ts';

export function unsupportedIn(_root: Raw): Finding[] {
  return [];
}
