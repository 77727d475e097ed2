/** Expected failures: what a person did, or the world is like; told in one sentence, without a stack. */
import type { ExitCode } from './exit-code.ts';

export class Failure extends Error {
  readonly code: ExitCode;
  /** Next steps, one sentence each. */
  readonly hints: readonly string[];

  constructor(code: ExitCode, message: string, hints: readonly string[] = [], options?: ErrorOptions) {
    super(message, options);
    this.name = 'Failure';
    this.code = code;
    this.hints = hints;
  }
}
