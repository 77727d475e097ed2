import { describe, expect, it } from 'vitest';
import { desiredTable, type Judgement } from '../../src/balancer/desired.ts';
import { markings } from '../../src/balancer/marking.ts';
import type { Override } from '../../src/balancer/override.ts';
import { serviceKey } from '../../src/wire/ipvs.ts';
import { storedConfig } from '../agent/config.ts';

const topology = (service: string, mode = 'dr', listen = "'10.77.1.100:80'"): string => `
cluster: test
directors:
  lb1: { dip: { eth1: 10.77.1.11, eth2: 10.77.2.11 } }
  lb2: { dip: { eth1: 10.77.1.12, eth2: 10.77.2.12 } }
realservers:
  web1: { rip: 10.77.2.21, weight: 3${mode === 'nat' ? ', gateway: 10.77.2.1' : ''} }
vrrp:
  public: { vrid: 51, vips: [10.77.1.100], prefer: [lb1, lb2] }
  inside: { vrid: 52, interface: eth2, vips: [10.77.2.1], prefer: [lb1, lb2] }
sync_groups: { both: [public, inside] }
services:
  web: { listen: ${listen}, mode: ${mode}, ${service} }
`;

interface Case {
  readonly judgement?: Judgement;
  readonly overrides?: readonly Partial<Override>[];
}

function tableOf(text: string, { judgement = { verdict: 'up', forMs: 0 }, overrides = [] }: Case = {}) {
  const whole = { realserver: 'web1', service: null, weight: 0, owner: 'x', reason: null, since: 0, until: null };
  return desiredTable(storedConfig(text).config, {
    judge: () => judgement,
    overrides: overrides.map((one) => ({ ...whole, ...one })),
    wallMs: 1_000,
  });
}
const first = (text: string, given?: Case) => tableOf(text, given)[0]!;

describe('the desired table', () => {
  it('has a kernel service a listener, with its port on the realserver', () => {
    const table = tableOf(topology('scheduler: rr', 'dr', "['10.77.1.100:80', '10.77.1.100:443/udp']"));
    expect(table.map(({ service }) => serviceKey(service.id))).toEqual(['tcp 10.77.1.100:80', 'udp 10.77.1.100:443']);
    expect(table.map(({ destinations }) => destinations[0]?.port)).toEqual([80, 443]);
  });

  it('has one for a mark, with port 0, and rules that mark', () => {
    const text = topology(
      'scheduler: rr, fwmark: 6, checks: [{ tcp: 80 }]',
      'dr',
      "['10.77.1.100:80', '10.77.1.100:443']",
    );
    expect(first(text)).toMatchObject({
      service: { id: { kind: 'mark', mark: 6, family: 4 } },
      destinations: [{ port: 0, forward: 'dr' }],
    });
    expect(markings(storedConfig(text).config).map(({ port, mark }) => [port, mark])).toEqual([
      [80, 6],
      [443, 6],
    ]);
  });

  it('translates the port for NAT only', () => {
    const nat = topology('scheduler: rr, realservers: [{ name: web1, port: 8080 }]', 'nat');
    expect(first(nat).destinations).toMatchObject([{ port: 8080, forward: 'nat', tunnel: null }]);
    expect(first(topology('scheduler: rr', 'tun')).destinations).toMatchObject([
      { port: 80, forward: 'tun', tunnel: { type: 'ipip', port: 0, checksum: 'none' } },
    ]);
  });

  it('sets flags 1 and 2 for sh and mh only', () => {
    const flags = (scheduler: string) => {
      const { schedulerFallback, schedulerPort } = first(topology(`scheduler: ${scheduler}`)).service;
      return [schedulerFallback, schedulerPort];
    };
    expect(flags('{ name: mh, flags: [port] }')).toEqual([true, true]);
    expect(flags('{ name: sh, fallback: false }, on_fail: { action: remove }')).toEqual([false, false]);
    expect(flags('wlc')).toEqual([false, false]);
  });

  it('gives persistence with the prefix length of its mask', () => {
    const persistent = topology('scheduler: rr, persistence: { timeout: 2s, netmask: 255.255.255.0 }');
    expect(first(persistent).service.persistence).toEqual({ timeoutMs: 2_000, prefixLength: 24 });
  });

  it.each<[string, string, Case, number | 'removed']>([
    ['up', '', {}, 3],
    ['unknown, start down', '', { judgement: { verdict: 'unknown', forMs: 0 } }, 0],
    ['unknown, start up', ', start: up', { judgement: { verdict: 'unknown', forMs: 0 } }, 3],
    ['up with the weight that a check wants', '', { judgement: { verdict: 'up', forMs: 0, weight: 9 } }, 9],
    ['up with the weight 0 that a check wants', '', { judgement: { verdict: 'up', forMs: 0, weight: 0 } }, 0],
    ['up, and no check wants a weight', '', { judgement: { verdict: 'up', forMs: 0, weight: null } }, 3],
    ['down, whatever a check wants', '', { judgement: { verdict: 'down', forMs: 0, weight: 9 } }, 0],
    ['drained, whatever a check wants', '', { judgement: { verdict: 'up', forMs: 0, weight: 9 }, overrides: [{}] }, 0],
    ['down', '', { judgement: { verdict: 'down', forMs: 0 } }, 0],
    ['down for long, quiesced', '', { judgement: { verdict: 'down', forMs: 9e9 } }, 0],
    [
      'down, to be removed later',
      ', on_fail: { action: remove, after: 30s }',
      { judgement: { verdict: 'down', forMs: 29_999 } },
      0,
    ],
    [
      'down, to be removed now',
      ', on_fail: { action: remove, after: 30s }',
      { judgement: { verdict: 'down', forMs: 30_000 } },
      'removed',
    ],
    [
      'drained, and its checks fail: its connections go on',
      ', on_fail: { action: remove, after: 30s }',
      { judgement: { verdict: 'down', forMs: 30_000 }, overrides: [{}] },
      0,
    ],
    ['drained', '', { overrides: [{}] }, 0],
    ['drained in another service', '', { overrides: [{ service: 'ftp' }] }, 3],
    ['another one drained', '', { overrides: [{ realserver: 'web2' }] }, 3],
    ['this service before all', '', { overrides: [{}, { service: 'web', weight: 7 }] }, 7],
    ['a drain that has run out', '', { overrides: [{ until: 1_000 }] }, 3],
    ['a drain that still holds', '', { overrides: [{ until: 1_001 }] }, 0],
    [
      'a weight does not revive the dead',
      '',
      { judgement: { verdict: 'down', forMs: 0 }, overrides: [{ weight: 7 }] },
      0,
    ],
  ])('%s', (_title, options, given, weight) => {
    const { destinations, removed } = first(topology(`scheduler: rr${options}`), given);
    if (weight === 'removed') expect([destinations.length, removed.length]).toEqual([0, 1]);
    else expect(destinations.map((one) => one.weight)).toEqual([weight]);
  });
});
