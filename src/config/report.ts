/** How rules and resolvers report: by the path of what is wrong, as far down as the document goes. */
import type { Finding } from './problem.ts';
import { locate, type Raw, type Step } from './raw.ts';

export interface Hint {
  readonly expected?: string;
  readonly suggestion?: string | null;
  readonly severity?: 'error' | 'warning';
}

export type Reporter = (steps: readonly Step[], message: string, hint?: Hint) => void;

export function reporter(root: Raw, findings: Finding[]): Reporter {
  return (steps, message, hint = {}) => {
    const raw = locate(root, steps);
    findings.push({
      ...raw.position,
      path: isSingle(raw, steps) ? raw.path : pathText(steps),
      message,
      expected: hint.expected ?? null,
      suggestion: hint.suggestion ?? null,
      severity: hint.severity ?? 'error',
    });
  };
}

/** `['services', 'http', 'checks', 0]` → `services.http.checks[0]` */
export function pathText(steps: readonly Step[]): string {
  return steps
    .map((step, index) => (typeof step === 'number' ? `[${step}]` : `${index === 0 ? '' : '.'}${step}`))
    .join('');
}

/** `listen: X` is `[X]`, but its path is `listen`. */
function isSingle(raw: Raw, steps: readonly Step[]): boolean {
  return raw.kind !== 'list' && steps.at(-1) === 0 && raw.path === pathText(steps.slice(0, -1));
}
