import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DesiredService } from '../../src/balancer/desired.ts';
import { isSameDestination, isSameService, type Plan, plan } from '../../src/balancer/diff.ts';
import type { Ownership } from '../../src/balancer/ownership.ts';
import { FakeIpvs } from '../../src/kernel/fake-ipvs.ts';
import { type Address, parseAddress } from '../../src/wire/address.ts';
import {
  destinationKey,
  type IpvsDestination,
  type IpvsService,
  type ServiceEntry,
  serviceKey,
} from '../../src/wire/ipvs.ts';

const address = (text: string): Address => parseAddress(text)!;
const copy = <T>(value: T): T => structuredClone(value);

const service = (port: number, more: Partial<IpvsService> = {}): IpvsService => ({
  id: { kind: 'address', protocol: 'tcp', address: address('10.0.0.1'), port },
  scheduler: 'rr',
  onePacket: false,
  schedulerFallback: false,
  schedulerPort: false,
  persistence: null,
  ...more,
});
const destination = (host: number, weight: number, more: Partial<IpvsDestination> = {}): IpvsDestination => ({
  address: address(`10.1.0.${host}`),
  port: 80,
  forward: 'dr',
  weight,
  upperThreshold: 0,
  lowerThreshold: 0,
  tunnel: null,
  ...more,
});
const desired = (
  port: number,
  destinations: IpvsDestination[],
  more: Partial<DesiredService> = {},
): DesiredService => ({
  name: `s${port}`,
  service: service(port),
  destinations,
  removed: [],
  drain: { timeoutMs: 1_000, waitForPersistent: false },
  ...more,
});

/** A kernel with this in it. */
async function kernelWith(...services: DesiredService[]): Promise<FakeIpvs> {
  const ipvs = new FakeIpvs();
  await ipvs.apply(plan(services, [], {}, 0).changes);
  ipvs.changes.length = 0;
  return ipvs;
}

async function step(ipvs: FakeIpvs, wanted: readonly DesiredService[], owned: Ownership, wallMs = 0): Promise<Plan> {
  const next = plan(wanted, await ipvs.read(), owned, wallMs);
  expect((await ipvs.apply(next.changes)).filter((error) => error !== undefined)).toEqual([]);
  return next;
}

const ownedBy = (...services: DesiredService[]): Ownership =>
  Object.fromEntries(services.map(({ service: { id }, drain }) => [serviceKey(id), { drain, leaving: {} }]));

describe('the plan', () => {
  it('makes what is missing, the service before its destinations', () => {
    const { changes } = plan([desired(80, [destination(1, 1), destination(2, 0)])], [], {}, 0);
    expect(changes.map(({ op }) => op)).toEqual(['new-service', 'new-destination', 'new-destination']);
  });

  it('does nothing where everything is equal, though no object is the same', async () => {
    const tunnel = { type: 'gue', port: 6080, checksum: 'full' } as const;
    const one = desired(80, [destination(1, 1, { forward: 'tun', tunnel })], {
      service: service(80, { persistence: { timeoutMs: 60_000, prefixLength: 24 } }),
    });
    const kernel = copy(await (await kernelWith(one)).read());
    expect(plan([copy(one)], kernel, ownedBy(one), 0).changes).toEqual([]);
  });

  it.each<[string, Partial<IpvsService>]>([
    ['scheduler', { scheduler: 'wlc' }],
    ['one-packet', { onePacket: true }],
    ['fallback', { schedulerFallback: true }],
    ['port flag', { schedulerPort: true }],
    ['persistence', { persistence: { timeoutMs: 1_000, prefixLength: 32 } }],
  ])('edits another %s', async (_what, other) => {
    const ipvs = await kernelWith(desired(80, [destination(1, 1)]));
    const { changes } = plan(
      [desired(80, [destination(1, 1)], { service: service(80, other) })],
      await ipvs.read(),
      {},
      0,
    );
    expect(changes.map(({ op }) => op)).toEqual(['set-service']);
  });

  it.each<[string, Partial<IpvsDestination>]>([
    ['weight', { weight: 0 }],
    ['method', { forward: 'nat' }],
    ['upper threshold', { upperThreshold: 5 }],
    ['lower threshold', { lowerThreshold: 5 }],
    ['tunnel', { forward: 'tun', tunnel: { type: 'ipip', port: 0, checksum: 'none' } }],
  ])('edits another %s', async (_what, other) => {
    const ipvs = await kernelWith(desired(80, [destination(1, 1)]));
    const { changes } = plan([desired(80, [destination(1, 1, other)])], await ipvs.read(), {}, 0);
    expect(changes.map(({ op }) => op)).toEqual(['set-destination']);
  });

  it('never touches what it does not own', async () => {
    const ipvs = await kernelWith(desired(80, [destination(1, 1)]), desired(81, [destination(2, 1)]));
    const { changes, owned } = await step(ipvs, [desired(80, [destination(1, 1)])], {});
    expect(changes).toEqual([]);
    expect(Object.keys(owned)).toEqual(['tcp 10.0.0.1:80']);
  });
});

describe('a destination that leaves', () => {
  const before = desired(80, [destination(1, 1), destination(2, 1)]);
  const after = desired(80, [destination(1, 1)]);
  const key = '10.1.0.2:80';

  it('gets weight 0, waits for its connections, and goes', async () => {
    const ipvs = await kernelWith(before);
    ipvs.setCounters('tcp 10.0.0.1:80', key, { active: 1, inactive: 1 });
    const first = await step(ipvs, [after], ownedBy(before), 100);
    expect(first.leaving).toEqual([`${key} of tcp 10.0.0.1:80`]);
    expect(first.changes).toMatchObject([{ op: 'set-destination', destination: { weight: 0 } }]);
    ipvs.setCounters('tcp 10.0.0.1:80', key, { active: 0 });
    expect((await step(ipvs, [after], first.owned, 200)).changes).toEqual([]);
    ipvs.setCounters('tcp 10.0.0.1:80', key, { inactive: 0 });
    const last = await step(ipvs, [after], first.owned, 300);
    expect(last.changes).toMatchObject([{ op: 'delete-destination' }]);
    expect(last.leaving).toEqual([]);
  });

  it('goes when its time is over, counted from when it began to leave', async () => {
    const ipvs = await kernelWith(before);
    ipvs.setCounters('tcp 10.0.0.1:80', key, { active: 1 });
    let { owned } = await step(ipvs, [after], ownedBy(before), 100);
    ({ owned } = await step(ipvs, [after], owned, 1_099));
    expect((await ipvs.read())[0]?.destinations).toHaveLength(2);
    await step(ipvs, [after], owned, 1_100);
    expect((await ipvs.read())[0]?.destinations).toHaveLength(1);
  });

  it('waits for persistent clients only where it is told to', async () => {
    for (const waitForPersistent of [true, false]) {
      const ipvs = await kernelWith(desired(80, [destination(1, 1), destination(2, 0)]));
      ipvs.setCounters('tcp 10.0.0.1:80', key, { persistent: 1 });
      const wanted = { ...after, drain: { timeoutMs: 1_000, waitForPersistent } };
      expect((await step(ipvs, [wanted], ownedBy(before))).leaving).toHaveLength(waitForPersistent ? 1 : 0);
    }
  });

  it('goes at once when it has failed and shall be removed', async () => {
    const ipvs = await kernelWith(before);
    ipvs.setCounters('tcp 10.0.0.1:80', key, { active: 9 });
    const wanted = { ...after, removed: [destination(2, 0)] };
    expect((await step(ipvs, [wanted], ownedBy(before))).changes).toMatchObject([{ op: 'delete-destination' }]);
  });

  it('that comes back stays, with its weight', async () => {
    const ipvs = await kernelWith(before);
    ipvs.setCounters('tcp 10.0.0.1:80', key, { active: 1 });
    const { owned } = await step(ipvs, [after], ownedBy(before));
    const back = await step(ipvs, [before], owned);
    expect(back.changes).toMatchObject([{ op: 'set-destination', destination: { weight: 1 } }]);
    expect(back.owned['tcp 10.0.0.1:80']?.leaving).toEqual({});
  });

  it('takes its service along when that has left, too', async () => {
    const ipvs = await kernelWith(before);
    ipvs.setCounters('tcp 10.0.0.1:80', key, { active: 1 });
    let { owned } = await step(ipvs, [], ownedBy(before));
    expect(await ipvs.read()).toHaveLength(1);
    ({ owned } = await step(ipvs, [], owned));
    ipvs.setCounters('tcp 10.0.0.1:80', key, { active: 0 });
    ({ owned } = await step(ipvs, [], owned));
    expect(await ipvs.read()).toEqual([]);
    expect(owned).toEqual({});
  });
});

describe('whatever the two tables', () => {
  const destinations = fc.uniqueArray(
    fc.record({
      host: fc.integer({ min: 1, max: 6 }),
      weight: fc.integer({ min: 0, max: 3 }),
      forward: fc.constantFrom('dr', 'nat'),
    }),
    { selector: ({ host }) => host, maxLength: 6 },
  );
  const services = fc
    .uniqueArray(
      fc.record({ port: fc.integer({ min: 1, max: 5 }), scheduler: fc.constantFrom('rr', 'wlc'), destinations }),
      {
        selector: ({ port }) => port,
        maxLength: 5,
      },
    )
    .map((list) =>
      list.map((one) =>
        desired(
          one.port,
          one.destinations.map(({ host, weight, forward }) =>
            destination(host, weight, { forward: forward as 'dr' | 'nat' }),
          ),
          { service: service(one.port, { scheduler: one.scheduler }) },
        ),
      ),
    );

  const same = (wanted: readonly DesiredService[], kernel: readonly ServiceEntry[]): boolean =>
    wanted.length === kernel.length &&
    wanted.every((one) => {
      const entry = kernel.find(({ service: { id } }) => serviceKey(id) === serviceKey(one.service.id));
      return (
        entry !== undefined &&
        isSameService(entry.service, one.service) &&
        entry.destinations.length === one.destinations.length &&
        one.destinations.every((wish) =>
          entry.destinations.some(
            ({ destination: found }) =>
              destinationKey(found) === destinationKey(wish) && isSameDestination(found, wish),
          ),
        )
      );
    });

  it('two steps lead from the one to the other, and then there is nothing to do', async () => {
    await fc.assert(
      fc.asyncProperty(services, services, async (before, after) => {
        const ipvs = await kernelWith(...before);
        const { owned } = await step(ipvs, after, ownedBy(...before));
        const second = await step(ipvs, after, owned);
        expect(same(after, await ipvs.read())).toBe(true);
        const third = await step(ipvs, copy(after), copy(second.owned));
        expect(third.changes).toEqual([]);
        expect(third.leaving).toEqual([]);
      }),
    );
  });

  it('no service that stays is ever without a destination that it had and keeps', async () => {
    await fc.assert(
      fc.asyncProperty(services, services, async (before, after) => {
        const ipvs = await kernelWith(...before);
        for (const change of plan(after, await ipvs.read(), ownedBy(...before), 0).changes) {
          await ipvs.apply([change]);
          const kernel = await ipvs.read();
          for (const one of before) {
            const next = after.find(({ service: { id } }) => serviceKey(id) === serviceKey(one.service.id));
            const kept = one.destinations.filter((old) =>
              next?.destinations.some((wish) => destinationKey(wish) === destinationKey(old)),
            );
            const found = kernel.find(({ service: { id } }) => serviceKey(id) === serviceKey(one.service.id));
            for (const wish of kept) {
              expect(found?.destinations.map(({ destination: has }) => destinationKey(has))).toContain(
                destinationKey(wish),
              );
            }
          }
        }
      }),
    );
  });
});
