/**
 * What the hosts are doing: on a terminal one live line for each that is busy, repainted in place, with what is finished
 * moved up above them; elsewhere a plain line with the time for each event.
 */
import type { Output } from './output.ts';
import { printable } from './printable.ts';

export type Finish = 'good' | 'changed' | 'bad' | 'attention';

export interface Progress {
  /** A host begins something, or goes on to the next thing. */
  doing(host: string, what: string): void;
  /** A host has come to an end. */
  done(host: string, what: string, finish: Finish): void;
  /** A line of its own above the live ones. */
  line(text: string): void;
  /** Wipes the live lines; call it before anything else prints, also on failure. */
  end(): void;
}

export function createProgress(output: Output, now: () => Date = () => new Date()): Progress {
  if (output.json || output.verbosity < 0) return silentProgress(output);
  return output.interactive ? liveProgress(output) : plainProgress(output, now);
}

/** Only what went wrong. */
function silentProgress(output: Output): Progress {
  return {
    doing: () => {},
    done: (host, what, finish) => {
      if (finish === 'bad') output.error(`${host}: ${what}`);
    },
    line: () => {},
    end: () => {},
  };
}

function plainProgress(output: Output, now: () => Date): Progress {
  const say = (text: string): void => output.note(`${now().toISOString().slice(11, 19)} ${text}`);
  return {
    doing: (host, what) => say(`${host}: ${what}`),
    done: (host, what, finish) => say(`${host}: ${finish === 'bad' ? 'FAILED: ' : ''}${what}`),
    line: say,
    end: () => {},
  };
}

/** Erase to the end of the screen; cursor up; no line wrap, so that a line is a row (DECAWM). */
const ERASE_BELOW = '\x1b[J';
const NO_WRAP = '\x1b[?7l';
const WRAP = '\x1b[?7h';

function liveProgress(output: Output): Progress {
  const { messages, messageStyle } = output;
  const busy = new Map<string, string>();
  let painted = 0;
  const paint = (above: string): void => {
    const room = Math.max(1, (messages.rows || 24) - 2);
    const shown = [...busy].slice(0, room);
    const lines = shown.map(([host, what]) => `  ${host}: ${messageStyle.dim(printable(what))}`);
    if (busy.size > shown.length) lines.push(messageStyle.dim(`  … and ${busy.size - shown.length} more`));
    const up = painted > 0 ? `\x1b[${painted}A\r` : '';
    messages.write(`${up}${ERASE_BELOW}${above}${NO_WRAP}${lines.map((line) => `${line}\n`).join('')}${WRAP}`);
    painted = lines.length;
  };
  const mark = (finish: Finish): string => {
    if (finish === 'bad') return messageStyle.bad('failed ');
    if (finish === 'attention') return messageStyle.attention('note   ');
    return finish === 'changed' ? messageStyle.changed('changed') : messageStyle.good('ok     ');
  };
  return {
    doing(host, what) {
      busy.set(host, what);
      paint('');
    },
    done(host, what, finish) {
      busy.delete(host);
      paint(`${mark(finish)} ${host}: ${printable(what)}\n`);
    },
    line: (text) => paint(`${printable(text)}\n`),
    end() {
      busy.clear();
      if (painted > 0) paint('');
    },
  };
}
