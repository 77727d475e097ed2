/** What agents are told while some directors still run keepalived. */
import { describe, expect, it } from 'vitest';
import { mixedFor, mixturesFor } from '../../src/desired/mixed.ts';
import { topology } from './topology.ts';

const dr = topology('dr');

describe('a mixed cluster', () => {
  it('has a director with keepalived as a foreign speaker, at the address that it speaks from', () => {
    const { instances, directors } = mixedFor(dr, ['lb1']);
    expect(instances[0]?.speakers.map(({ director }) => director)).toEqual(['lb2']);
    expect(instances[0]?.foreignPeers).toEqual(['10.77.1.11']);
    // Connection sync goes on between the two.
    expect(directors).toBe(dr.directors);
  });

  it('is the topology where all are one thing', () => {
    expect(mixedFor(dr, [])).toBe(dr);
    expect(mixedFor(dr, ['lb1', 'lb2'])).toBe(dr);
  });

  it('of one agent is one of few: with each set of the others', () => {
    expect(mixturesFor(dr, 'lb2')).toEqual([dr, mixedFor(dr, ['lb1'])]);
    const names = Array.from({ length: 12 }, (_, number) => `x${number}`);
    const many = { ...dr, directors: names.map((name) => ({ ...dr.directors[0]!, name })) };
    expect(mixturesFor(many, 'x0').length).toBe(64);
  });
});
