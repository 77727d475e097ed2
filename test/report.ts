/** What vitest's JSON report (`--reporter=json`) says of a run, counted. */

export interface Count {
  readonly passed: number;
  readonly failed: number;
}

/** The part of the report that is read here. */
export interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly success: boolean;
  /** One a file. */
  readonly testResults: readonly {
    readonly status: string;
    readonly assertionResults: readonly { readonly status: string }[];
  }[];
}

/**
 * A file that failed without a failed test (it could not be loaded, or a hook of it failed) is a failure of its own; so is a run
 * that failed without either.
 */
export function countOf({ numPassedTests, numFailedTests, success, testResults }: Report, exitCode: number): Count {
  const filesAlone = testResults.filter(
    (file) => file.status === 'failed' && !file.assertionResults.some(({ status }) => status === 'failed'),
  ).length;
  const failed = numFailedTests + filesAlone;
  return { passed: numPassedTests, failed: Math.max(failed, success && exitCode === 0 ? 0 : 1) };
}
