import { describe, expect, it } from 'vitest';
import { wantedHosts } from '../../src/desired/hosts.ts';
import { NOTHING_PLACED, type Placed } from '../../src/desired/wanted.ts';
import type { RouteFact } from '../../src/facts/routes.ts';
import { segmentSize } from '../../src/operations/segment-size.ts';
import { renderForPeople } from '../../src/shell/render.ts';
import { topology } from '../desired/topology.ts';
import { address, CONTEXT, freshFacts } from './facts.ts';

const [host] = wantedHosts(topology('tun'));
const IPIP: Placed = { ...NOTHING_PLACED, tunnel: true };
const GUE: Placed = { ...IPIP, guePorts: [6080] };
const gre = (checksum: boolean): Placed => ({ ...NOTHING_PLACED, gre: { local: address('10.0.0.21'), checksum } });

const route = (advmss: number | null, change: Partial<RouteFact> = {}): RouteFact => ({
  words: ['default', 'via', '10.0.0.1', 'dev', 'eth0'],
  device: 'eth0',
  mtu: 1500,
  advmss,
  ...change,
});

/** @returns the end of each command, or why there is none */
function told(wanted: Placed, placed: Placed, ...routes: readonly RouteFact[]): string | string[] {
  const outcome = segmentSize.decide({ ...host!, placed: wanted }, freshFacts({ placed, routes }), CONTEXT);
  if ('nothing' in outcome) return outcome.nothing;
  return outcome.commands.map((one) => renderForPeople(one).replace('ip route change default via 10.0.0.1 ', ''));
}

const FITS = 'what clients send fits into the tunnel';
const NONE = 'nothing is tunnelled';

describe('the size of segments', () => {
  it.each([
    [IPIP, 'dev eth0 advmss 1440'],
    [gre(false), 'dev eth0 advmss 1436'],
    [gre(true), 'dev eth0 advmss 1432'],
    [GUE, 'dev eth0 advmss 1428'],
    [{ ...GUE, ...gre(true), guePorts: [6080] }, 'dev eth0 advmss 1428'],
  ])('is what fits into the largest tunnel (%#)', (wanted, expected) => {
    expect(told(wanted, NOTHING_PLACED, route(null))).toEqual([expected]);
  });

  it('goes by the MTU of each device, and leaves the tunnels and the loopback out', () => {
    const routes = [route(null, { mtu: 9000 }), ...['lo', 'tunl0', 'lvs-gre'].map((device) => route(null, { device }))];
    expect(told(IPIP, NOTHING_PLACED, ...routes)).toEqual(['dev eth0 advmss 8940']);
  });

  it.each([
    ['is there already', route(1440), FITS],
    ["is smaller by the host's own choice", route(1200), FITS],
    ['is too large', route(1460), ['dev eth0 advmss 1440']],
  ])('is set unless it %s', (_title, one, expected) => {
    expect(told(IPIP, NOTHING_PLACED, one)).toEqual(expected);
  });

  it('follows another tunnel, larger or smaller', () => {
    expect(told(GUE, IPIP, route(1440))).toEqual(['dev eth0 advmss 1428']);
    expect(told(IPIP, GUE, route(1428))).toEqual(['dev eth0 advmss 1440']);
  });

  it('is taken away where it was set for a tunnel, and nowhere else', () => {
    expect(told(NOTHING_PLACED, GUE, route(1428))).toEqual(['dev eth0']);
    expect(told(NOTHING_PLACED, GUE, route(1200))).toBe(NONE);
    expect(told(NOTHING_PLACED, GUE, route(null))).toBe(NONE);
    expect(told(NOTHING_PLACED, NOTHING_PLACED, route(1428))).toBe(NONE);
  });
});
