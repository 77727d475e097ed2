/** Chunks → lines; the newline is the only separator (JSON escapes those inside strings), empty lines are keep-alives. */

/** A single event is small; a line beyond this is no event. */
const LONGEST_LINE = 8 * 1024 * 1024;

export async function* linesOf(chunks: AsyncIterable<Buffer>): AsyncGenerator<string, void, undefined> {
  let parts: Buffer[] = [];
  let held = 0;
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(0x0a); end !== -1; end = chunk.indexOf(0x0a, start)) {
      const line = Buffer.concat([...parts, chunk.subarray(start, end)])
        .toString('utf8')
        .trim();
      parts = [];
      held = 0;
      start = end + 1;
      if (line !== '') yield line;
    }
    parts.push(chunk.subarray(start));
    held += chunk.length - start;
    if (held > LONGEST_LINE) throw new RangeError(`a line longer than ${LONGEST_LINE} bytes`);
  }
  const last = Buffer.concat(parts).toString('utf8').trim();
  if (last !== '') yield last;
}
