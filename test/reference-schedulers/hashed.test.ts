/** The algorithms that hash: known vectors, and what must hold of any such table. */
import { describe, expect, it } from 'vitest';
import { dh, numberOf, sh } from './hashing.ts';
import { mh } from './maglev.ts';
import { simulate } from './scheduler.ts';
import { clients, packets, servers } from './servers.ts';
import { sipHash13 } from './siphash.ts';

const MANY = 4_000;
const plain = { port: false, fallback: false };

function shares(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1 / names.length;
  return counts;
}

describe('SipHash-1-3', () => {
  it('hashes nothing with the key 00 01 … 0f as published', () => {
    expect(sipHash13(new Uint8Array(), [0x0706_0504_0302_0100n, 0x0f0e_0d0c_0b0a_0908n])).toBe(0xabac_0158_050f_c4dcn);
  });

  it('depends on each byte and on the length', () => {
    const texts = [
      [0],
      [0, 0],
      [1],
      [0, 0, 0, 0],
      [0, 0, 0, 1],
      new Array<number>(8).fill(0),
      new Array<number>(9).fill(0),
    ];
    expect(new Set(texts.map((bytes) => sipHash13(Uint8Array.from(bytes), [1n, 2n]))).size).toBe(texts.length);
  });
});

it('reads an address as the kernel orders it', () => {
  expect(numberOf('10.77.1.254')).toBe(0x0a4d_01fe);
});

describe('sh', () => {
  it('multiplies by the golden ratio and takes the upper eight bits', () => {
    // 1 × 0x61c88647 and 2 × 0x61c88647: places 0x61 = 97 and 0xc3 = 195, of two servers in turn the second one both
    const from = (source: string) => ({ source, sourcePort: 0, destination: '10.77.1.100' });
    expect(simulate(sh(plain), servers(1, 1), [from('0.0.0.1'), from('0.0.0.2')])).toEqual(['b', 'b']);
    // places in rounds of three: 97 is the second of its round, 195 the first
    expect(simulate(sh(plain), servers(1, 1, 1), [from('0.0.0.1'), from('0.0.0.2')])).toEqual(['b', 'a']);
    expect(simulate(sh(plain), servers(2, 1), [from('0.0.0.1'), from('0.0.0.2')])).toEqual(['a', 'a']);
  });

  it('adds the port where it shall count', () => {
    const packet = { source: '0.0.0.0', sourcePort: 2, destination: '10.77.1.100' };
    expect(simulate(sh({ port: true, fallback: false }), servers(1, 1, 1), [packet])).toEqual(['a']);
    expect(new Set(simulate(sh({ port: true, fallback: false }), servers(1, 1, 1), packets(50))).size).toBe(3);
    expect(new Set(simulate(sh(plain), servers(1, 1, 1), packets(50))).size).toBe(1);
  });
});

describe.each([
  ['sh', sh],
  ['mh', mh],
])('%s', (_name, algorithm) => {
  it('gives shares by weight', () => {
    const { a = 0, b = 0, c = 0 } = shares(simulate(algorithm(plain), servers(1, 2, 3), clients(MANY)));
    expect([a * 6, b * 3, c * 2].map((share) => Math.abs(share - 1) < 0.2)).toEqual([true, true, true]);
  });

  it('refuses the clients of a quiesced server, or gives them others, and moves nobody else much', () => {
    const whole = simulate(algorithm(plain), servers(2, 2, 2), clients(MANY));
    const quiesced = servers(0, 2, 2).map((server) => ({ ...server, lastWeight: 2 }));
    const refused = simulate(algorithm(plain), quiesced, clients(MANY));
    const moved = simulate(algorithm({ ...plain, fallback: true }), quiesced, clients(MANY));
    expect(refused).toContain('refused');
    expect(refused).not.toContain('a');
    expect(moved).not.toContain('refused');
    expect(moved).not.toContain('a');
    expect(moved.filter((name, index) => refused[index] !== 'refused' && refused[index] !== name)).toEqual([]);
    expect(whole).toContain('a');
  });
});

describe('mh', () => {
  it('moves only the clients of a server that goes, nearly', () => {
    const before = simulate(mh(plain), servers(1, 1, 1, 1), clients(MANY));
    const after = simulate(mh(plain), servers(1, 1, 1), clients(MANY));
    const disturbed = before.filter((name, index) => name !== 'd' && after[index] !== name).length;
    expect(disturbed / MANY).toBeLessThan(0.05);
  });

  it('shifts great weights, and gives a small one a turn all the same', () => {
    const { a = 0, b = 0 } = shares(simulate(mh(plain), servers(1, 1000), clients(MANY)));
    // 1000 has ten bits: four too many
    expect(a).toBeCloseTo(1 / 63, 2);
    expect(a + b).toBeCloseTo(1);
  });

  it('keeps the table of a quiesced server', () => {
    const list = servers(3, 1);
    const quiesced = list.map((server, index) => (index === 0 ? { ...server, weight: 0, lastWeight: 3 } : server));
    const whole = simulate(mh(plain), list, clients(MANY));
    const refused = simulate(mh(plain), quiesced, clients(MANY));
    expect(refused).toEqual(whole.map((name) => (name === 'a' ? 'refused' : name)));
  });
});

it('dh looks at the destination alone, and not at weights', () => {
  const to = (destination: string) => ({ source: '10.99.0.1', sourcePort: 1, destination });
  expect(simulate(dh, servers(1, 7), [to('0.0.0.1'), to('0.0.0.2'), to('0.0.0.3')])).toEqual(['b', 'b', 'b']);
  expect(simulate(dh, servers(1, 7, 1), [to('0.0.0.1'), to('0.0.0.2')])).toEqual(['b', 'a']);
  expect(new Set(simulate(dh, servers(1, 1, 1), clients(50))).size).toBe(1);
  expect(simulate(dh, servers(0, 0), packets(2))).toEqual(['refused', 'refused']);
});
