import { describe, expect, it } from 'vitest';
import { wantedHosts } from '../../src/desired/hosts.ts';
import { growing, returning } from '../../src/operations/phase.ts';
import { topology } from '../desired/topology.ts';
import { address, freshFacts, satisfied } from './facts.ts';

const web1 = (cluster: string) => wantedHosts(topology(cluster)).find(({ host }) => host === 'web1')!;
const [dr, nat, tun] = [web1('dr'), web1('nat'), web1('tun')];

describe('the phases of a realserver', () => {
  it('is simply what is wanted on a fresh host, but for the return route', () => {
    expect(growing(dr, freshFacts())).toEqual(dr);
    expect(growing(tun, freshFacts())).toEqual(tun);
    expect(growing(nat, freshFacts()).placed.returnRoute).toBeNull();
    expect(returning(nat, freshFacts())).toEqual(nat);
  });

  it('keeps a former VIP, silent, while the new one comes', () => {
    const facts = { ...satisfied(dr), originals: dr.sysctls };
    const moved = {
      ...dr,
      placed: { ...dr.placed, vips: [{ device: 'lo', address: address('10.77.1.200'), prefixLength: 32 } as const] },
    };
    expect(growing(moved, facts).placed.vips.map((vip) => vip.address)).toEqual(['10.77.1.100', '10.77.1.200']);
    expect(growing({ ...nat, sysctls: {} }, facts).sysctls).toEqual(dr.sysctls);
  });

  it('holds on to a return route until the very end, and moves it only in its phase', () => {
    const facts = satisfied(nat);
    expect(growing(dr, facts).placed.returnRoute).toEqual(nat.placed.returnRoute);
    expect(returning(dr, facts).placed.returnRoute).toEqual(nat.placed.returnRoute);
    const moved = {
      ...nat,
      placed: { ...nat.placed, returnRoute: { ...nat.placed.returnRoute!, via: address('10.77.2.9') } },
    };
    expect(growing(moved, facts).placed.returnRoute?.via).toBe('10.77.2.1');
    expect(returning(moved, facts).placed.returnRoute?.via).toBe('10.77.2.9');
  });

  it('takes the tunnel down only at the end', () => {
    expect(growing(dr, satisfied(tun)).placed).toMatchObject({
      tunnel: true,
      vips: [{ device: 'lo' }, { device: 'tunl0' }],
    });
  });
});
