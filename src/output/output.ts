/**
 * The only place that prints. stdout carries data (text, or with --json one document, or NDJSON for streams), stderr
 * everything else; so a pipe behind lvsctl never meets a message.
 */

export interface OutputOptions {
  readonly json: boolean;
  /** Whether colour may be used at all (--no-color, NO_COLOR and a non-TTY say no). */
  readonly color: boolean;
  /** -1 quiet, 0 normal, 1 verbose, 2 with stacks. */
  readonly verbosity: number;
}

export interface Output {
  readonly options: OutputOptions;
  /** Whether stderr is a terminal: live lines and questions are possible. */
  readonly interactive: boolean;
  /** Data for people, on stdout; nothing with --json. */
  text(text: string): void;
  /** The one document of --json, on stdout; nothing otherwise. */
  document(value: unknown): void;
  /** One line of a stream (NDJSON), on stdout, with --json only. */
  event(value: unknown): void;
  /** A message on stderr; not with -q. */
  note(text: string): void;
  /** Only with -v. */
  detail(text: string): void;
  /** A warning or an error on stderr, always. */
  warn(text: string): void;
  error(text: string): void;
  readonly style: Style;
}

/** Colours by meaning; each returns the text as it is where colour is off. */
export interface Style {
  added(text: string): string;
  changed(text: string): string;
  removed(text: string): string;
  good(text: string): string;
  bad(text: string): string;
  attention(text: string): string;
  dim(text: string): string;
  bold(text: string): string;
}
