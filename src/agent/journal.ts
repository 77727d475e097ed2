/**
 * What happened, once for the journal and once for whoever follows the event stream. stdout carries a line an event in the form
 * of sd-daemon(3): `<4>message key=value …`.
 */
import type { AgentEvent } from '../status/event.ts';

/** sd-daemon(3), SD_ERR … SD_INFO. */
const PRIORITY = { error: 3, warning: 4, notice: 5, info: 6 } as const;

/** Events that are kept for those who come later. */
const KEPT = 1_000;

export type Fields = AgentEvent['fields'];

export class Journal {
  readonly #events: AgentEvent[] = [];
  readonly #followers = new Set<(event: AgentEvent) => void>();
  readonly #write: (line: string) => void;
  readonly #wall: () => number;
  #seq = 0;
  director = '';

  constructor(write: (line: string) => void, wall: () => number) {
    this.#write = write;
    this.#wall = wall;
  }

  /** Writes a line and tells the followers. */
  note(level: AgentEvent['level'], kind: AgentEvent['kind'], message: string, fields: Fields = {}): void {
    this.#write(journalLine(this.record(level, kind, message, fields)));
  }

  /**
   * For the followers only: whoever did it has written its own line.
   * @param at - epoch ms, when it was not just now
   */
  record(
    level: AgentEvent['level'],
    kind: AgentEvent['kind'],
    message: string,
    fields: Fields = {},
    at = this.#wall(),
  ): AgentEvent {
    const event = { seq: ++this.#seq, at, director: this.director, level, kind, message, fields };
    this.#events.push(event);
    if (this.#events.length > KEPT) this.#events.shift();
    for (const follower of this.#followers) follower(event);
    return event;
  }

  /** Those kept with a number above `seq`; all, if it is of a process that counted further than this one has. */
  since(seq: number): readonly AgentEvent[] {
    return seq > this.#seq ? [...this.#events] : this.#events.filter((event) => event.seq > seq);
  }

  /** @returns stops following */
  follow(follower: (event: AgentEvent) => void): () => void {
    this.#followers.add(follower);
    return () => this.#followers.delete(follower);
  }
}

function journalLine({ level, kind, message, fields }: AgentEvent): string {
  const pairs = Object.entries({ kind, ...fields }).map(([key, value]) => ` ${key}=${quoted(String(value))}`);
  return `<${PRIORITY[level]}>${oneLine(message)}${pairs.join('')}\n`;
}

function quoted(value: string): string {
  return /^[\w.:/[\]+-]+$/.test(value) ? value : JSON.stringify(value);
}

/** A second line would lose the priority, and let a realserver's answer write into the journal. */
function oneLine(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is to be kept out
  return text.replace(/[\u0000-\u001f\u007f]+/g, ' ');
}
