import { describe, expect, it } from 'vitest';
import { inPathService, isWhole, probeMark } from '../../src/balancer/in-path.ts';
import type { ProbePath } from '../../src/config/in-path.ts';
import type { Address } from '../../src/wire/address.ts';
import { type DestinationEntry, type IpvsDestination, serviceKey } from '../../src/wire/ipvs.ts';

const PATH: ProbePath = { family: 4, address: '10.77.1.21' as Address, port: 0, mode: 'dr', tunnel: null };
const [DESTINATION] = inPathService(PATH, 7).destinations;
const stats = { connections: 0, inPackets: 0, outPackets: 0, inBytes: 0, outBytes: 0 };

function entry(change: Partial<IpvsDestination> = {}): DestinationEntry {
  const destination = { ...DESTINATION!, ...change };
  return { destination, active: 0, inactive: 0, persistent: 0, stats };
}

describe('the service of an in-path probe', () => {
  it('is on its mark and has one destination, of weight 1, that is let go at once', () => {
    const service = inPathService(PATH, 7);
    expect(serviceKey(service.service.id)).toBe('fwm 7');
    expect(service).toMatchObject({ destinations: [{ port: 0, forward: 'dr', weight: 1 }], drain: { timeoutMs: 0 } });
    expect(service.service.persistence).toBeNull();
  });

  it('forwards as the service does', () => {
    const tunnel = { type: 'gue', port: 6080, checksum: false } as const;
    expect(inPathService({ ...PATH, mode: 'tun', tunnel }, 7).destinations[0]).toMatchObject({
      forward: 'tun',
      tunnel: { type: 'gue', port: 6080, checksum: 'none' },
    });
    expect(inPathService({ ...PATH, mode: 'nat', port: 8080 }, 7).destinations[0]).toMatchObject({ port: 8080 });
    expect(serviceKey(inPathService({ ...PATH, family: 6 }, 7).service.id)).toBe('fwm6 7');
  });

  it.each<[string, boolean, readonly DestinationEntry[]]>([
    ['with its destination', true, [entry()]],
    ['beside one that gets nothing', true, [entry({ address: '10.77.1.22' as Address, weight: 0 }), entry()]],
    ['without any', false, []],
    ['at weight 0', false, [entry({ weight: 0 })]],
    ['beside one that gets something', false, [entry(), entry({ address: '10.77.1.22' as Address })]],
    ['of another realserver', false, [entry({ address: '10.77.1.22' as Address })]],
    ['forwarded otherwise', false, [entry({ forward: 'nat' })]],
    ['at another port', false, [entry({ port: 81 })]],
  ])('is whole %s: %s', (_title, whole, found) => {
    expect(isWhole(PATH, found)).toBe(whole);
  });

  it('has a mark below those of relays', () => {
    const config = { ipvs: { probeMarks: { base: 0x100, prefixLength: 30 } }, directors: [1, 2] } as never;
    expect([0, 1, 2].map((number) => probeMark(config, number))).toEqual([0x100, 0x101, undefined]);
  });
});
