/** The algorithms that count turns or connections: worked by hand from their definitions. */
import { describe, expect, it } from 'vitest';
import { lc, nq, sed, wlc } from './least-connection.ts';
import { lblc, lblcr } from './locality.ts';
import { fo, ovf } from './priority.ts';
import { rr, wrr } from './round-robin.ts';
import { type Algorithm, type Server, simulate } from './scheduler.ts';
import { packets, servers } from './servers.ts';

function sequence<Memory>(algorithm: Algorithm<Memory>, list: readonly Server[], count: number): string {
  return simulate(algorithm, list, packets(count))
    .map((name) => (name === 'refused' ? '-' : name))
    .join('');
}

const with_ = (list: readonly Server[], index: number, more: Partial<Server>): Server[] =>
  list.map((server, at) => (at === index ? { ...server, ...more } : server));

describe('in turn', () => {
  it('rr goes round, and passes over who is quiesced or full', () => {
    expect(sequence(rr, servers(1, 1, 1), 7)).toBe('abcabca');
    expect(sequence(rr, servers(5, 0, 1), 4)).toBe('acac');
    expect(sequence(rr, with_(servers(1, 1, 1), 0, { isOverloaded: true }), 4)).toBe('bcbc');
    expect(sequence(rr, servers(0, 0), 2)).toBe('--');
  });

  it('wrr gives each its weight, the heavier ones first', () => {
    // levels 4, 3, 2, 1
    expect(sequence(wrr, servers(4, 3, 2), 18)).toBe('aababcabcaababcabc');
    // levels 3, 1 of a divisor of 2
    expect(sequence(wrr, servers(4, 2), 6)).toBe('aabaab');
    expect(sequence(wrr, servers(2, 0, 1), 6)).toBe('aacaac');
    expect(sequence(wrr, servers(0, 0), 2)).toBe('--');
    expect(sequence(wrr, with_(servers(1, 3), 1, { isOverloaded: true }), 3)).toBe('aaa');
  });
});

describe('by connections', () => {
  it('lc levels them, whatever the weights', () => {
    expect(sequence(lc, servers(1, 5, 1), 7)).toBe('abcabca');
    expect(sequence(lc, with_(servers(1, 1), 0, { inactive: 255 }), 3)).toBe('bab');
    expect(sequence(lc, with_(servers(1, 1), 0, { inactive: 257 }), 3)).toBe('bba');
  });

  it('wlc levels them by weight, ties to the first', () => {
    expect(sequence(wlc, servers(1, 2, 3), 6)).toBe('abccbc');
    expect(sequence(wlc, servers(0, 2, 1), 3)).toBe('bcb');
  });

  it('sed counts the new one too', () => {
    expect(sequence(sed, servers(1, 2, 4), 7)).toBe('cbccabc');
  });

  it('nq takes who is idle first', () => {
    expect(sequence(nq, servers(1, 2, 4), 7)).toBe('abcccbc');
  });
});

describe('by weight', () => {
  it('fo takes the greatest', () => {
    expect(sequence(fo, servers(1, 3, 2), 3)).toBe('bbb');
    expect(sequence(fo, with_(servers(1, 3, 2), 1, { isOverloaded: true }), 2)).toBe('cc');
  });

  it('ovf goes on to the next when one has more than its weight', () => {
    expect(sequence(ovf, servers(1, 3, 2), 11)).toBe('bbbbcccaa--');
  });
});

describe('by locality', () => {
  it('lblc stays, until it is overloaded while another is half idle', () => {
    // five are more than four; the third one has none then
    expect(sequence(lblc, servers(4, 4, 4), 16)).toBe('aaaaabbbbbcccccc');
    // nobody is below the half of a weight of 1 with a connection
    expect(sequence(lblc, with_(servers(1, 1), 1, { active: 1 }), 4)).toBe('aaaa');
  });

  it('lblcr lets another join, and levels among them', () => {
    expect(sequence(lblcr, servers(4, 4, 4), 9)).toBe('aaaaabbbb');
    expect(sequence(lblcr, servers(4, 4, 4), 16)).toBe('aaaaabbbbbcccccc');
    // the set levels: a has a connection less than b
    const fewer = with_(with_(servers(4, 4), 0, { active: 5 }), 1, { active: 1 });
    expect(sequence(lblcr, fewer, 5)).toBe('bbbbb');
  });

  it('another address begins anew', () => {
    const there = packets(3);
    const other = packets(2).map((packet) => ({ ...packet, destination: '10.77.1.110' }));
    expect(simulate(lblc, servers(4, 4), [...there, ...other]).join('')).toBe('aaabb');
  });
});
