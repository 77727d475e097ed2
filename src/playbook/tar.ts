/** A POSIX ustar archive of plain files (IEEE 1003.1, pax, "ustar Interchange Format"): equal files give equal bytes. */

export interface TarEntry {
  /** At most 100 bytes, without a leading slash. */
  readonly name: string;
  readonly mode: number;
  readonly content: Uint8Array;
}

const BLOCK = 512;

/** Header, content and padding of each entry, then two empty blocks; content is not copied. */
export function* tarBlocks(entries: readonly TarEntry[]): Generator<Uint8Array> {
  for (const entry of entries) {
    yield header(entry);
    yield entry.content;
    const rest = entry.content.length % BLOCK;
    if (rest > 0) yield new Uint8Array(BLOCK - rest);
  }
  yield new Uint8Array(2 * BLOCK);
}

/** Owner root, time 0. */
function header({ name, mode, content }: TarEntry): Uint8Array {
  const bytes = new Uint8Array(BLOCK);
  const put = (offset: number, text: string) => bytes.set(new TextEncoder().encode(text), offset);
  if (new TextEncoder().encode(name).length > 100) throw new RangeError(`${name}: longer than a ustar name may be`);
  put(0, name);
  put(100, octal(mode, 8));
  put(108, octal(0, 8));
  put(116, octal(0, 8));
  put(124, octal(content.length, 12));
  put(136, octal(0, 12));
  put(148, '        ');
  put(156, '0');
  put(257, 'ustar\u000000');
  put(265, 'root');
  put(297, 'root');
  const sum = bytes.reduce((total, byte) => total + byte, 0);
  put(148, `${sum.toString(8).padStart(6, '0')}\u0000 `);
  return bytes;
}

function octal(value: number, width: number): string {
  return `${value.toString(8).padStart(width - 1, '0')}\u0000`;
}
