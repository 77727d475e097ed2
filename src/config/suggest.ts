/** Did-you-mean: the known name closest to what was written. */

/** Edit distance with transpositions (optimal string alignment), the usual measure for typing errors. */
export function editDistance(left: string, right: string): number {
  let before: number[] = [];
  let previous = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let i = 1; i <= left.length; i++) {
    const current = [i];
    for (let j = 1; j <= right.length; j++) {
      const cost = left[i - 1] === right[j - 1] ? 0 : 1;
      const swapped = i > 1 && j > 1 && left[i - 1] === right[j - 2] && left[i - 2] === right[j - 1];
      current[j] = Math.min(
        (previous[j] ?? 0) + 1,
        (current[j - 1] ?? 0) + 1,
        (previous[j - 1] ?? 0) + cost,
        swapped ? (before[j - 2] ?? 0) + 1 : Number.POSITIVE_INFINITY,
      );
    }
    before = previous;
    previous = current;
  }
  return previous[right.length] ?? 0;
}

/** Names longer than this are never compared: the table above grows with the product of both lengths. */
const LONGEST_NAME = 64;

/** The closest of `known`, or null when none is within a third of the length (at least one edit, two from four letters on). */
export function closest(written: string, known: Iterable<string>): string | null {
  if (written.length > LONGEST_NAME) return null;
  const plain = (text: string): string => text.toLowerCase().replaceAll(/[-_]/g, '');
  let best: string | null = null;
  let bestDistance = written.length < 4 ? 2 : Math.max(2, Math.floor(written.length / 3)) + 1;
  for (const name of known) {
    if (name === written || name.length > LONGEST_NAME) continue;
    const distance = plain(name) === plain(written) ? 0 : editDistance(written.toLowerCase(), name.toLowerCase());
    if (distance < bestDistance) [best, bestDistance] = [name, distance];
  }
  return best;
}
