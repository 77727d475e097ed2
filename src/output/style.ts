/** Colours by meaning. Sixteen-colour codes only: they follow the terminal's own theme, light or dark. */

/** Each returns the text as it is where colour is off. */
export interface Style {
  added(text: string): string;
  changed(text: string): string;
  removed(text: string): string;
  good(text: string): string;
  bad(text: string): string;
  attention(text: string): string;
  dim(text: string): string;
  bold(text: string): string;
}

/** Select Graphic Rendition (ECMA-48 8.3.117): on and off codes. */
const CODES = {
  added: [32, 39],
  changed: [33, 39],
  removed: [31, 39],
  good: [32, 39],
  bad: [31, 39],
  attention: [33, 39],
  dim: [2, 22],
  bold: [1, 22],
} as const satisfies Record<keyof Style, readonly [number, number]>;

export function styleFor(color: boolean): Style {
  const paint =
    ([on, off]: readonly [number, number]) =>
    (text: string): string =>
      color && text !== '' ? `\x1b[${on}m${text}\x1b[${off}m` : text;
  return {
    added: paint(CODES.added),
    changed: paint(CODES.changed),
    removed: paint(CODES.removed),
    good: paint(CODES.good),
    bad: paint(CODES.bad),
    attention: paint(CODES.attention),
    dim: paint(CODES.dim),
    bold: paint(CODES.bold),
  };
}

/** Colour only on a terminal, and never against --no-color or a non-empty NO_COLOR (no-color.org). */
export function wantsColor(
  isTty: boolean,
  allowed: boolean,
  env: Readonly<Record<string, string | undefined>>,
): boolean {
  return isTty && allowed && !env['NO_COLOR'] && env['TERM'] !== 'dumb';
}
