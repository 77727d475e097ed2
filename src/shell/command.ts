/**
 * Commands are values: what an operation returns, what a plan shows and what the transport runs are the same thing,
 * rendered twice (for the wire with everything in it, for people with secrets masked). No shell text is ever built by
 * joining strings outside src/shell.
 */

/** A value that is shown as `***`. */
export interface Secret {
  readonly secret: string;
}

export type Word = string | Secret;

export type Command =
  /** Runs a program; `ok` lists exit codes that are no failure (default 0). Input goes in by stdin, never by argv. */
  | {
      readonly kind: 'run';
      readonly argv: readonly Word[];
      readonly stdin?: Word;
      readonly ok?: readonly number[];
    }
  /** Writes a whole file atomically: temporary file beside it, fsync, rename; parent folders are made. */
  | { readonly kind: 'write'; readonly path: string; readonly content: Word; readonly mode: number }
  /** Removes a file or link; nothing there is no failure. */
  | { readonly kind: 'remove'; readonly path: string }
  /** Points a symbolic link elsewhere, atomically. */
  | { readonly kind: 'link'; readonly path: string; readonly target: string };
