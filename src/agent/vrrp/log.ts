/**
 * Lines for the journal: `<priority>message key=value …` on stdout (sd-daemon(3)). Which words stand in them is decided by the
 * callers; how they are written, here only.
 */
export type Level = 'error' | 'warning' | 'notice' | 'info' | 'debug';

export type Fields = Readonly<Record<string, string | number | boolean | null>>;

export type Log = (level: Level, message: string, fields?: Fields) => void;

/** syslog(3). */
const PRIORITIES: Readonly<Record<Level, number>> = { error: 3, warning: 4, notice: 5, info: 6, debug: 7 };

export function logLine(level: Level, message: string, fields: Fields = {}): string {
  const pairs = Object.entries(fields).map(([key, value]) => ` ${key}=${quoted(String(value))}`);
  return `<${PRIORITIES[level]}>${oneLine(message)}${pairs.join('')}\n`;
}

function quoted(value: string): string {
  return /^[\w.:/[\]+,-]+$/.test(value) ? value : JSON.stringify(value);
}

function oneLine(text: string): string {
  return text.replace(/[\s\p{Cc}]+/gu, ' ');
}

/** Things remembered by {@link onChange}: keys can hold addresses of packets, and those are for anybody to choose. */
const REMEMBERED = 256;

/** Says a thing when it changes, not every time: one warning for a failure that repeats with each advertisement. */
export function onChange(log: Log): (key: string, level: Level, message: string | undefined, fields?: Fields) => void {
  const last = new Map<string, string>();
  return (key, level, message, fields) => {
    if (message === undefined) {
      if (last.delete(key)) log('info', 'works again', { what: key });
      return;
    }
    if (last.get(key) === message || (last.size >= REMEMBERED && !last.has(key))) return;
    last.set(key, message);
    log(level, message, fields);
  };
}
