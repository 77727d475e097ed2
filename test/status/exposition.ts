/**
 * The grammar of Prometheus' text format, as far as promtool's `check metrics` holds one to it: what it does not allow is an
 * Error with the line.
 */
export interface Parsed {
  readonly name: string;
  readonly help: string;
  type: string;
  /** By labels, sorted. */
  readonly series: Map<string, { readonly labels: Readonly<Record<string, string>>; readonly value: number }>;
}

const NAME = '[a-zA-Z_:][a-zA-Z0-9_:]*';
const COMMENT = new RegExp(`^# (HELP|TYPE) (${NAME}) (.+)$`);
const SAMPLE = new RegExp(`^(${NAME})(?:\\{(.*)\\})? ([+-]Inf|NaN|-?\\d+(?:\\.\\d+)?(?:e[+-]?\\d+)?)$`, 's');
const LABEL = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)/;
const UNESCAPED: Readonly<Record<string, string>> = { '\\n': '\n', '\\"': '"', '\\\\': '\\' };

/** @throws Error at the first line that is not in order */
export function parseExposition(text: string): Map<string, Parsed> {
  if (text !== '' && !text.endsWith('\n')) throw new Error('the last line has no end');
  const families = new Map<string, Parsed>();
  let current: Parsed | undefined;
  for (const line of text.split('\n').slice(0, -1)) {
    const [, keyword, name = '', rest = ''] = COMMENT.exec(line) ?? [];
    if (keyword === 'HELP') {
      // A family comes in one piece.
      if (families.has(name)) throw new Error(`twice: ${line}`);
      current = { name, help: rest, type: '', series: new Map() };
      families.set(name, current);
    } else if (keyword === 'TYPE') takeType(current, name, rest);
    else takeSample(current, line);
  }
  for (const { name, series } of families.values()) if (series.size === 0) throw new Error(`${name} has no samples`);
  return families;
}

function takeType(family: Parsed | undefined, name: string, type: string): void {
  if (family?.name !== name || family.type !== '') throw new Error(`the type of ${name} is out of place`);
  if (type !== 'gauge' && type !== 'counter') throw new Error(`${name} has type ${type}`);
  if ((type === 'counter') !== name.endsWith('_total'))
    throw new Error(`${name}: counters, and only they, end with _total`);
  family.type = type;
}

function takeSample(family: Parsed | undefined, line: string): void {
  const [, name, labelText = '', value = ''] = SAMPLE.exec(line) ?? [];
  if (name === undefined) throw new Error(`no sample: ${line}`);
  if (family?.name !== name || family.type === '') throw new Error(`out of place: ${line}`);
  const labels = labelsOf(labelText);
  const key = JSON.stringify(Object.entries(labels).sort());
  if (family.series.has(key)) throw new Error(`a series twice: ${line}`);
  family.series.set(key, { labels, value: Number(value.replace('Inf', 'Infinity')) });
}

function labelsOf(text: string): Record<string, string> {
  const labels: Record<string, string> = {};
  for (let rest = text; rest !== ''; ) {
    const [whole, label, value] = LABEL.exec(rest) ?? [];
    if (whole === undefined || label === undefined || value === undefined) throw new Error(`no label: ${rest}`);
    if (label.startsWith('__') || Object.hasOwn(labels, label)) throw new Error(`label ${label} may not stand here`);
    labels[label] = value.replace(/\\./g, (pair) => UNESCAPED[pair] ?? pair);
    rest = rest.slice(whole.length);
  }
  return labels;
}
