import { describe, expect, it } from 'vitest';
import { desiredTable, type Policy } from '../../src/balancer/desired.ts';
import type { Override } from '../../src/balancer/override.ts';
import { destinationKey } from '../../src/wire/ipvs.ts';
import { storedConfig, webTopology } from '../agent/config.ts';

const SERVES: Policy = { isHeld: () => false, servedMs: () => 0, sorryServes: true };
const DRAINED: Override = {
  realserver: 'web1',
  service: null,
  weight: 0,
  owner: 'x',
  reason: null,
  since: 0,
  until: null,
};

/** `address:port forward weight` of each destination. */
function table(
  service: string,
  { overrides = [] as Override[], down = [] as string[], policy = SERVES } = {},
): string[] {
  const { config } = storedConfig(webTopology({ ports: [80, 80], service }));
  const judge = (_service: string, realserver: string) =>
    ({ verdict: down.includes(realserver) ? 'down' : 'up', forMs: 0 }) as const;
  const [first] = desiredTable(config, { judge, policy: () => policy, overrides, wallMs: 0 });
  return (first?.destinations ?? []).map((one) => `${destinationKey(one)} ${one.forward} ${one.weight}`);
}

describe('a sorry server', () => {
  const host = (more = '') => `    sorry: { address: 10.77.1.200, port: 8080, mode: nat${more} }`;

  it('has the place of the realservers, which leave as what is deleted leaves', () => {
    expect(table(host())).toEqual(['10.77.1.200:8080 nat 1']);
  });

  it('with quiesce has them at weight 0 beside it, and comes first', () => {
    const expected = ['10.77.1.200:8080 nat 1', '127.0.0.21:80 dr 0', '127.0.0.22:80 dr 0'];
    expect(table(host(', quiesce: true'))).toEqual(expected);
    expect(table(host(', quiesce: true'), { down: ['web1'] })).toEqual(expected);
  });

  it('leaves a drained realserver where its connections are counted', () => {
    expect(table(host(), { overrides: [DRAINED] })).toEqual(['10.77.1.200:8080 nat 1', '127.0.0.21:80 dr 0']);
  });

  it('of the director itself is on the loopback, with the port of the listener', () => {
    expect(table('    sorry: local')).toEqual(['127.0.0.1:80 dr 1']);
  });

  it('by direct routing has the port of the listener', () => {
    expect(table('    sorry: { address: 10.77.1.200 }')).toEqual(['10.77.1.200:80 dr 1']);
  });

  it('is not in the table while the realservers serve', () => {
    const policy = { ...SERVES, servedMs: () => Number.POSITIVE_INFINITY, sorryServes: false };
    expect(table(host(), { policy })).toEqual(['127.0.0.21:80 dr 1', '127.0.0.22:80 dr 2']);
  });
});
