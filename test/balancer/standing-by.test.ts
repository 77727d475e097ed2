import { describe, expect, it } from 'vitest';
import { plan } from '../../src/balancer/diff.ts';
import { type Role, standingBy } from '../../src/balancer/standing-by.ts';
import { FakeIpvs } from '../../src/kernel/fake-ipvs.ts';
import { storedConfig } from '../agent/config.ts';

const { config } = storedConfig(`
cluster: test
directors:
  lb1: { dip: { eth1: 10.77.1.11 }, vips: [10.77.1.99] }
  lb2: { dip: { eth1: 10.77.1.12 } }
realservers:
  web1: { rip: 10.77.1.21 }
vrrp:
  public: { vrid: 51, vips: [10.77.1.100], extra_vips: [10.77.1.101], prefer: [lb1, lb2] }
  other: { vrid: 52, vips: [10.77.1.102], prefer: [lb1, lb2] }
services:
  web: { listen: 10.77.1.100:80, mode: dr, only_when_master: true }
  extra: { listen: 10.77.1.101:80, mode: dr, only_when_master: true }
  other: { listen: 10.77.1.102:80, mode: dr, only_when_master: true }
  own: { listen: 10.77.1.99:80, mode: dr, only_when_master: true }
  always: { listen: 10.77.1.100:81, mode: dr }
`);

const waiting = (roles: readonly Role[] | null, self = 'lb1') => [...standingBy(config, self, roles, [])];

describe('services for the MASTER only', () => {
  it.each<[string, Role[], string[]]>([
    [
      'BACKUP of all',
      [
        { name: 'public', state: 'BACKUP' },
        { name: 'other', state: 'FAULT' },
      ],
      ['web', 'extra', 'other'],
    ],
    [
      'MASTER of one',
      [
        { name: 'public', state: 'MASTER' },
        { name: 'other', state: 'BACKUP' },
      ],
      ['other'],
    ],
    ['lame duck', [{ name: 'public', state: 'BACKUP', lameDuckUntil: 1 }], ['other']],
    ['no instance at all', [], ['web', 'extra', 'other']],
  ])('%s', (_title, roles, expected) => {
    expect(waiting(roles)).toEqual(expected);
  });

  it('wait on a director that has not their address either', () => {
    expect(waiting([], 'lb2')).toEqual(['web', 'extra', 'other', 'own']);
  });

  it('go on as the kernel has them while roles are not known', async () => {
    const ipvs = new FakeIpvs();
    const flags = { onePacket: false, schedulerFallback: false, schedulerPort: false, persistence: null };
    const id = { kind: 'address', protocol: 'tcp', address: config.services[0]!.listen[0]!.address, port: 80 } as const;
    await ipvs.apply([{ op: 'new-service', service: { id, scheduler: 'rr', ...flags } }]);
    const kernel = await ipvs.read();
    expect([...standingBy(config, 'lb1', null, kernel)]).toEqual(['extra', 'other', 'own']);
    const owned = { 'tcp 10.77.1.100:80': { drain: { timeoutMs: 600_000, waitForPersistent: true }, leaving: {} } };
    expect(plan([], kernel, owned, 0, new Set(['tcp 10.77.1.100:80']))).toMatchObject({
      changes: [{ op: 'delete-service' }],
      owned: {},
    });
  });
});
