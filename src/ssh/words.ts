/** The words for what went wrong with a host: one sentence with host and cause, then the next steps. */
import type { FailureFacts } from './failure.ts';

export function sentenceFor({ host, target, phase, cause }: FailureFacts): string {
  return `${host} (${target}): ${phase} failed${cause instanceof Error ? `: ${cause.message}` : ''}`;
}

export function hintsFor(_facts: FailureFacts): readonly string[] {
  return [];
}
