/**
 * The only place that prints. stdout carries data (text, or with --json one document, or NDJSON for streams), stderr
 * everything else; so a pipe behind lvsctl never meets a message. A reader that goes away (`| head`) ends the printing,
 * not the work.
 */
import { printable } from './printable.ts';
import { type Style, styleFor, wantsColor } from './style.ts';

/** The root command's options, as commander gives them. */
export interface GlobalOptions {
  readonly json?: boolean | undefined;
  /** false with --no-color. */
  readonly color?: boolean | undefined;
  /** How many -v. */
  readonly verbose?: number | undefined;
  readonly quiet?: boolean | undefined;
}

/** What of a stream is needed; process.stdout and process.stderr fit. */
export interface Sink {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
  write(text: string): unknown;
  on(event: 'error', listener: (error: Error) => void): unknown;
}

export interface Output {
  readonly json: boolean;
  /** -1 quiet, 0 normal, 1 verbose, 2 with stacks. */
  readonly verbosity: number;
  /** Whether stderr is a terminal: live lines are possible. */
  readonly interactive: boolean;
  /** For stdout. */
  readonly style: Style;
  /** For stderr. */
  readonly messageStyle: Style;
  /** Data for people, on stdout, a newline is added; nothing with --json. */
  text(text: string): void;
  /** The one document of --json, on stdout; nothing otherwise. */
  document(value: unknown): void;
  /** One line of a stream (NDJSON), on stdout, with --json only. */
  event(value: unknown): void;
  /** A message on stderr; not with -q. */
  note(text: string): void;
  /** A message on stderr, only with -v. */
  detail(text: string): void;
  /** On stderr, always. */
  warn(text: string): void;
  error(text: string): void;
  /** stderr itself, for progress. */
  readonly messages: Sink;
}

export interface OutputStreams {
  readonly out: Sink;
  readonly err: Sink;
  readonly env: Readonly<Record<string, string | undefined>>;
}

const SYSTEM: OutputStreams = { out: process.stdout, err: process.stderr, env: process.env };

export function createOutput(options: GlobalOptions = {}, streams: OutputStreams = SYSTEM): Output {
  const { json = false, color = true, verbose = 0, quiet = false } = options;
  const out = guarded(streams.out);
  const err = guarded(streams.err);
  const messageStyle = styleFor(wantsColor(streams.err.isTTY ?? false, color, streams.env));
  const verbosity = quiet ? -1 : verbose;
  const message = (text: string): void => err(`${printable(text)}\n`);
  return {
    json,
    verbosity,
    interactive: (streams.err.isTTY ?? false) && streams.env['TERM'] !== 'dumb',
    style: styleFor(wantsColor(streams.out.isTTY ?? false, color, streams.env)),
    messageStyle,
    text: (text) => {
      if (!json) out(`${text}\n`);
    },
    document: (value) => {
      if (json) out(`${JSON.stringify(value, null, 2)}\n`);
    },
    event: (value) => {
      if (json) out(`${JSON.stringify(value)}\n`);
    },
    note: (text) => {
      if (verbosity >= 0) message(text);
    },
    detail: (text) => {
      if (verbosity >= 1) message(text);
    },
    warn: (text) => err(`${messageStyle.attention('warning:')} ${printable(text)}\n`),
    error: (text) => err(`${messageStyle.bad('error:')} ${printable(text)}\n`),
    messages: streams.err,
  };
}

const deaf = new WeakSet<Sink>();
const heard = new WeakSet<Sink>();

/** Writing to a stream that has failed (EPIPE, a full disk) is given up silently; nobody is there to be told. */
function guarded(sink: Sink): (text: string) => void {
  if (!heard.has(sink)) {
    heard.add(sink);
    sink.on('error', () => deaf.add(sink));
  }
  return (text) => {
    if (!deaf.has(sink)) sink.write(text);
  };
}
