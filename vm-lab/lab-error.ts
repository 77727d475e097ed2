/** The one error of the lab: a sentence for people. Anything else that is thrown here is a bug. */
export class LabError extends Error {
  override readonly name = 'LabError';
  /** The exit code it stands for: 5 for bad input and usage, 1 for what went wrong on this machine. */
  readonly code: 1 | 5;
  /** What to do next, one step a line. */
  readonly hints: readonly string[];

  constructor(message: string, options: { code?: 1 | 5; hints?: readonly string[]; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.code = options.code ?? 1;
    this.hints = options.hints ?? [];
  }
}
