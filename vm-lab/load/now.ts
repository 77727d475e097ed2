/** Milliseconds since 1970 with fractions, from the clock that never jumps. */
export function nowMs(): number {
  return performance.timeOrigin + performance.now();
}
