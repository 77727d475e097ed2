/**
 * What one run of a script is made of and what comes back. A run is a list of steps that one persistent `sh` performs in
 * order; it stops after the first step that fails. The whole script is one compound command: a script that is cut off on
 * its way is never begun.
 */
import type { Command } from './command.ts';

/**
 * One step: the commands of an operation, joined by "and then", or the text of a fact.
 * A text step is POSIX sh, reads nothing (stdin is /dev/null), and must not `exit`, `cd` or `set` unless `isolated`,
 * which costs a fork. It fails if its last command does.
 */
export type Step =
  | { readonly name: string; readonly commands: readonly Command[] }
  | { readonly name: string; readonly text: string; readonly isolated?: true };

export interface StepResult {
  readonly name: string;
  readonly exitCode: number;
  /** Index of the command that failed in a step of commands; null if none did, or the step is text. */
  readonly failedCommand: number | null;
  /** As UTF-8; bytes that are none are replaced. */
  readonly stdout: string;
  readonly stderr: string;
  /** Output beyond the limit of a step was dropped. */
  readonly truncated: boolean;
}

export interface ScriptResult {
  /** Of the steps that ran, in order. */
  readonly steps: readonly StepResult[];
  /** The one that failed, always the last that ran; null if all succeeded. */
  readonly failed: StepResult | null;
}
