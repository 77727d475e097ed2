/** FNV-1a, 32 bits: where in a range a name's number is looked for, the same on every director and in every run. */
export function nameHash(name: string): number {
  let value = 0x811c9dc5;
  for (const char of new TextEncoder().encode(name)) value = Math.imul(value ^ char, 0x01000193) >>> 0;
  return value;
}
