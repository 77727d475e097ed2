/**
 * The interoperation matrix: one of our VRRP processes beside a real keepalived or FRR. Cells run beside one another, each in
 * namespaces of its own, for they mostly wait.
 */
import { describe, expect, inject, it } from 'vitest';
import { ABSENT, AXES, CELLS, nameOf, sampleOf } from './interop/cells.ts';
import { plainChecksum, run } from './interop/scenarios.ts';

describe('the cells', () => {
  it('are every combination of the axes, or say why there is none', () => {
    const all = Object.values(AXES).reduce((product, { length }) => product * length, 1);
    expect(CELLS.length + ABSENT.length).toBe(all);
    expect(new Set([...CELLS, ...ABSENT.map(([cell]) => cell)].map(nameOf)).size).toBe(all);
  });

  it('of a quick run have every value of every axis', () => {
    for (let turn = 0; turn < 20; turn++) {
      const sample = sampleOf(turn);
      expect(new Set(sample.map(nameOf)).size).toBe(14);
      for (const [axis, values] of Object.entries(AXES))
        expect(new Set(sample.map((cell) => cell[axis as keyof typeof AXES]))).toEqual(new Set<unknown>(values));
    }
  });
});

const CHOSEN = inject('soak') ? CELLS : sampleOf(inject('seed'));

describe.concurrent('beside a real peer', () => {
  it.each(AXES.peer)('a checksum without the pseudo-header: %s discards it', (peer) => plainChecksum(peer));

  it.each(CHOSEN.map((cell) => [nameOf(cell), cell] as const))('%s', (_name, cell) => run(cell));
});
