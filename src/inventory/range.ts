/** Host ranges of Ansible inventories: `web[01:50].example.com`, `db[a:f]`, `n[0:10:2]`. */

const RANGE = /\[([^[\]]*)\]/;
/** Ranges multiply; nobody means more hosts than this. */
const MOST_HOSTS = 100_000;

/** All names that a pattern stands for, or a sentence saying what is wrong with it. */
export function expandRange(pattern: string): readonly string[] | { readonly because: string } {
  let names = [pattern];
  while (names[0] !== undefined && RANGE.test(names[0])) {
    const range = membersOf(RANGE.exec(names[0])?.[1] ?? '');
    if ('because' in range) return range;
    if (names.length * range.length > MOST_HOSTS) return { because: `stands for more than ${MOST_HOSTS} hosts` };
    names = names.flatMap((name) => range.map((member) => name.replace(RANGE, () => member)));
  }
  return names;
}

function membersOf(text: string): readonly string[] | { readonly because: string } {
  const [first, last, step = '1', ...more] = text.split(':');
  if (first === undefined || last === undefined || more.length > 0 || !/^[1-9]\d{0,5}$/.test(step)) {
    return { because: `has the range [${text}], which is not [first:last] or [first:last:step]` };
  }
  if (/^\d{1,9}$/.test(first) && /^\d{1,9}$/.test(last)) return numbers(first, last, Number(step), text);
  if (/^[a-z]$/.test(first) && /^[a-z]$/.test(last)) return letters(first, last, Number(step), text);
  if (/^[A-Z]$/.test(first) && /^[A-Z]$/.test(last)) return letters(first, last, Number(step), text);
  return { because: `has the range [${text}], which is neither of numbers nor of single letters` };
}

/** A leading zero sets the width: [01:10] is 01 … 10. */
function numbers(first: string, last: string, step: number, text: string) {
  const [low, high] = [Number(first), Number(last)];
  if (low > high) return { because: `has the range [${text}], whose end is below its beginning` };
  if ((high - low) / step > MOST_HOSTS) return { because: `stands for more than ${MOST_HOSTS} hosts` };
  const width = first.startsWith('0') ? first.length : 0;
  return Array.from({ length: Math.floor((high - low) / step) + 1 }, (_, index) =>
    String(low + index * step).padStart(width, '0'),
  );
}

function letters(first: string, last: string, step: number, text: string) {
  const [low, high] = [first.charCodeAt(0), last.charCodeAt(0)];
  if (low > high) return { because: `has the range [${text}], whose end is below its beginning` };
  return Array.from({ length: Math.floor((high - low) / step) + 1 }, (_, index) =>
    String.fromCharCode(low + index * step),
  );
}
