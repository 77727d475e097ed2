/** Plain columns: no borders, two blanks between, nothing at the end of a line, so that awk and people can read it. */

export interface TableOptions {
  /** Columns (from 0) whose cells stand at the right, for numbers. */
  readonly right?: readonly number[];
  /** @default two blanks */
  readonly gap?: string;
}

/** Colour codes take no room on the screen. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: that is what an escape sequence begins with
const ESCAPES = /\x1b\[[0-9;]*m/g;

export function table(rows: readonly (readonly string[])[], options: TableOptions = {}): string {
  const { right = [], gap = '  ' } = options;
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, column) => {
      widths[column] = Math.max(widths[column] ?? 0, widthOf(cell));
    });
  }
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => {
        const blanks = ' '.repeat((widths[column] ?? 0) - widthOf(cell));
        return right.includes(column) ? blanks + cell : cell + blanks;
      })
      .join(gap)
      .trimEnd();
  return rows.map(line).join('\n');
}

/** Code points; lvsctl's own columns hold names and addresses, which are ASCII. */
function widthOf(cell: string): number {
  return [...cell.replace(ESCAPES, '')].length;
}
