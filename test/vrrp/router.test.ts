/** Random events against all instances of a director: what must hold after every one of them. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { acceptPacket } from '../../src/vrrp/accept.ts';
import type { Found, Instance } from '../../src/vrrp/instance.ts';
import { newRouter, nextDeadlineMs, type Router, type RouterEvent, stepRouter } from '../../src/vrrp/router.ts';
import { setupsFor } from '../../src/vrrp/setup.ts';
import { encodeAdvertisement } from '../../src/wire/vrrp.ts';
import { address, configuration, instance, vip } from './configuration.ts';

const speakers = [
  { director: 'a', interface: 'eth2', source: address('10.9.1.1'), priority: 110 },
  { director: 'b', interface: 'eth2', source: address('10.9.1.2'), priority: 100 },
];
const inside = instance({ name: 'inside', vrid: 52, vips: [vip('10.9.1.100')], speakers });
const alone = instance({ name: 'alone', vrid: 53, vips: [vip('10.9.0.103')], preempt: true, advertIntervalMs: 100 });
const track = {
  interfaces: [],
  scripts: [{ name: 'x', weight: 0 }],
  services: [{ name: 's', weight: -30 }],
  files: [],
};
const config = configuration([instance({ track }), inside, alone], {
  syncGroups: [{ name: 'g', members: ['public', 'inside'], notify: inside.notify, alert: false }],
});
const HOST = [
  { interface: 'eth1', address: address('10.9.0.2'), prefixLength: 24 },
  { interface: 'eth2', address: address('10.9.1.2'), prefixLength: 24 },
];
const { instances: SETUPS } = setupsFor(config, 'b', HOST);

const interfaces = (up1: boolean, up2: boolean): RouterEvent => ({
  type: 'interfaces',
  interfaces: {
    eth1: { up: up1, addresses: [address('10.9.0.2')] },
    eth2: { up: up2, addresses: [address('10.9.1.2')] },
  },
});
const configured = (found: Found): RouterEvent => ({
  type: 'config',
  setups: SETUPS,
  found: { public: found, inside: found, alone: found },
});
const name = fc.constantFrom('public', 'inside', 'alone', 'nobody');
const state = fc.constantFrom('up' as const, 'down' as const, 'unknown' as const);
const event: fc.Arbitrary<RouterEvent> = fc.oneof(
  { weight: 6, arbitrary: fc.constant<RouterEvent>({ type: 'time' }) },
  {
    weight: 4,
    arbitrary: fc.record({
      type: fc.constant('advertisement' as const),
      instance: name,
      advertisement: fc.record({
        version: fc.constant(3 as const),
        vrid: fc.constant(51),
        priority: fc.constantFrom(0, 1, 99, 100, 101, 255),
        addresses: fc.constant([address('10.9.0.100')]),
        advertIntervalMs: fc.constantFrom(10, 1000, 40_950),
        authentication: fc.constant(null),
      }),
      source: fc.constantFrom(address('10.9.0.1'), address('10.9.0.9')),
    }),
  },
  fc.tuple(fc.boolean(), fc.boolean()).map(([one, two]) => interfaces(one, two)),
  fc.record({
    type: fc.constant('tracking' as const),
    scripts: fc.record({ x: state }),
    services: fc.record({ s: state }),
  }),
  fc.constant<RouterEvent>({ type: 'ready' }),
  fc.record({ type: fc.constant('yield' as const), instance: name }),
  fc.record({ type: fc.constantFrom('relay-ready' as const, 'end-lame-duck' as const), instance: name }),
  fc.record({
    type: fc.constant('hold' as const),
    instance: name,
    reason: fc.constant('held'),
    untilMs: fc.integer({ min: 0, max: 200_000 }),
  }),
  fc.record({ type: fc.constant('dropped' as const), instance: name, reason: fc.constant('ttl') }),
  fc.constantFrom(configured('absent'), configured('fresh')),
  fc.constant<RouterEvent>({ type: 'addresses-removed', interface: 'eth1', addresses: [address('10.9.0.100')] }),
);
/** Most steps are short, some are a stall. */
const pause = fc.oneof(
  { weight: 9, arbitrary: fc.integer({ min: 0, max: 1200 }) },
  fc.integer({ min: 0, max: 20_000 }),
);
const history = fc.tuple(
  fc.constantFrom<Found>('absent', 'stale', 'fresh'),
  fc.array(fc.tuple(pause, event), { maxLength: 60 }),
);

/** Plays a history and shows each step to `check`. */
function play([found, steps]: [Found, (readonly [number, RouterEvent])[]], check: (step: Played) => void): void {
  let nowMs = 1000;
  let router = newRouter(nowMs);
  for (const [waitMs, one] of [[0, interfaces(true, true)], [0, configured(found)], ...steps] as [
    number,
    RouterEvent,
  ][]) {
    nowMs += waitMs;
    const before = router;
    const { router: after, effects } = stepRouter(before, one, nowMs);
    router = after;
    check({ before, after, effects, event: one, nowMs });
  }
}

interface Played {
  readonly before: Router;
  readonly after: Router;
  readonly effects: ReturnType<typeof stepRouter>['effects'];
  readonly event: RouterEvent;
  readonly nowMs: number;
}

/** Whose addresses the kernel has: on their interfaces, and on the loopback. */
interface Kernel {
  readonly held: Set<string>;
  readonly silent: Set<string>;
}

/** Follows what the effects put into the kernel and take out of it. */
function hold({ held, silent }: Kernel, { effects }: Played): void {
  for (const effect of effects) {
    if (effect.type === 'add-addresses') held.add(effect.instance);
    if (effect.type === 'delete-addresses' || effect.type === 'silence-addresses') held.delete(effect.instance);
    if (effect.type === 'silence-addresses') silent.add(effect.instance);
    if (effect.type === 'unsilence-addresses') silent.delete(effect.instance);
    expect(effect.type).not.toBe('unexpected');
  }
}

function checkHolders({ held, silent }: Kernel, { after }: Played): void {
  for (const [member, { state: is, holdsAddresses, lameDuck }] of Object.entries(after.instances)) {
    if (is === 'MASTER') expect(held.has(member)).toBe(true);
    else if (held.has(member)) expect(holdsAddresses).toBe(true);
    expect(silent.has(member)).toBe(lameDuck !== null);
    if (is === 'MASTER') expect(silent.has(member)).toBe(false);
  }
}

function checkTransitions({ before, after, effects, event: one }: Played): void {
  if (one.type === 'config') return;
  for (const [member, { state: is }] of Object.entries(after.instances)) {
    const told = effects.some((effect) => effect.type === 'transition' && effect.instance === member);
    if (before.instances[member]?.state !== is) expect(told).toBe(true);
  }
}

describe('after every event', { timeout: 300_000 }, () => {
  it('a sync group is MASTER as a whole or not at all, but for those that hand over', () => {
    fc.assert(
      fc.property(history, (one) => {
        play(one, ({ after }) => {
          const members = ['public', 'inside'].flatMap((member) => after.instances[member] ?? []);
          const isWhole = members.every(({ state: is }) => is === 'MASTER');
          const stay = members.filter(({ state: is, handingOver }) => is === 'MASTER' && handingOver === null);
          if (!isWhole) expect(stay).toEqual([]);
        });
      }),
    );
  });

  it('a timer is armed while anything can still happen by itself', () => {
    fc.assert(
      fc.property(history, (one) => {
        play(one, ({ after, nowMs }) => {
          const waits = Object.values(after.instances).some(
            (each) => each.state === 'MASTER' || (each.state === 'BACKUP' && !each.wantsMaster),
          );
          if (waits) expect(nextDeadlineMs(after, nowMs)).not.toBeNull();
        });
      }),
    );
  });

  it('addresses are held by a MASTER only, and every change of state is told', () => {
    fc.assert(
      fc.property(history, (one) => {
        const held = new Set<string>(one[0] === 'absent' ? [] : ['public', 'inside', 'alone']);
        const kernel = { held, silent: new Set<string>() };
        play(one, (step) => {
          hold(kernel, step);
          checkHolders(kernel, step);
          checkTransitions(step);
        });
      }),
    );
  });

  it('state and effects are JSON, and replaying them from JSON gives the same', () => {
    fc.assert(
      fc.property(history, (one) => {
        play(one, ({ before, after, effects, event: each, nowMs }) => {
          const again = stepRouter(JSON.parse(JSON.stringify(before)) as Router, each, nowMs);
          expect(JSON.parse(JSON.stringify(again))).toEqual(JSON.parse(JSON.stringify({ router: after, effects })));
        });
      }),
    );
  });
});

/** All MASTER, and what each event has brought about since. */
function masters(): { say: (event: RouterEvent, atMs: number) => string[]; of: (name: string) => Instance } {
  let router = newRouter(0);
  const say = (one: RouterEvent, atMs: number): string[] => {
    const stepped = stepRouter(router, one, atMs);
    router = stepped.router;
    return stepped.effects.map((effect) => `${effect.type} ${effect.instance}`);
  };
  const of = (member: string): Instance => {
    const found = router.instances[member];
    if (found === undefined) throw new Error(`there is no ${member}`);
    return found;
  };
  say(interfaces(true, true), 0);
  say(configured('fresh'), 0);
  return { say, of };
}

const spoken = (member: string, priority: number): RouterEvent => ({
  type: 'advertisement',
  instance: member,
  advertisement: {
    version: 3,
    vrid: 51,
    priority,
    addresses: [address('10.9.0.100')],
    advertIntervalMs: 1000,
    authentication: null,
  },
  source: address(member === 'inside' ? '10.9.1.1' : '10.9.0.1'),
});

describe('the hand-over of a sync group', () => {
  it('is one of all members, with one deadline; all are silenced when a successor of one is heard', () => {
    const { say, of } = masters();
    expect(say({ type: 'yield', instance: 'inside' }, 100)).toEqual(
      ['public', 'inside'].flatMap((member) => [`send ${member}`, `hand-over ${member}`]),
    );
    expect(of('public').handingOver?.deadlineMs).toBe(of('inside').handingOver?.deadlineMs);
    const effects = say(spoken('inside', 110), 700);
    expect(effects).toEqual(
      ['inside', 'public'].flatMap((member) => [`silence-addresses ${member}`, `transition ${member}`]),
    );
    expect([of('public').state, of('inside').state, of('alone').state]).toEqual(['BACKUP', 'BACKUP', 'MASTER']);
    expect([of('public').yielded, of('inside').yielded]).toEqual([true, true]);
  });

  it('goes on as a whole when nobody takes it', () => {
    const { say, of } = masters();
    say({ type: 'yield', instance: 'public' }, 100);
    const deadlineMs = of('public').handingOver?.deadlineMs ?? 0;
    for (let atMs = 500; atMs <= deadlineMs + 500; atMs += 500) say({ type: 'time' }, atMs);
    for (const member of ['public', 'inside']) expect(of(member)).toMatchObject({ state: 'MASTER', handingOver: null });
  });

  it('keeps what can still serve when another member cannot', () => {
    const { say, of } = masters();
    say(interfaces(true, false), 100);
    expect([of('public').state, of('inside').state]).toEqual(['MASTER', 'FAULT']);
    expect(of('public').handingOver?.towards).toBe('FAULT');
    say(spoken('public', 110), 700);
    expect(of('public')).toMatchObject({ state: 'FAULT', lameDuck: { untilMs: 600_700 } });
  });

  it('waits for every successor when it stops for good', () => {
    const { say, of } = masters();
    say({ type: 'stop', release: true }, 100);
    expect(['public', 'inside', 'alone'].map((member) => of(member).state)).toEqual(['MASTER', 'MASTER', 'MASTER']);
    say(spoken('alone', 110), 200);
    expect(of('alone').state).toBe('INIT');
    say(spoken('public', 110), 700);
    expect(['public', 'inside'].map((member) => of(member).state)).toEqual(['INIT', 'INIT']);
  });
});

describe('a hold', () => {
  it('keeps a BACKUP from becoming MASTER while it lasts, and a moment passed takes it back', () => {
    for (const isTakenBack of [false, true]) {
      const { say, of } = masters();
      say({ type: 'yield', instance: 'alone' }, 100);
      say(spoken('alone', 110), 200);
      say({ type: 'hold', instance: 'alone', reason: 'lb1 takes it', untilMs: 20_000 }, 300);
      say({ type: 'time' }, 10_000);
      expect(of('alone')).toMatchObject({ state: 'BACKUP', waitingFor: 'lb1 takes it' });
      if (isTakenBack) say({ type: 'hold', instance: 'alone', reason: '', untilMs: 0 }, 10_001);
      else say({ type: 'time' }, 20_000);
      say({ type: 'time' }, isTakenBack ? 12_000 : 22_000);
      expect(of('alone')).toMatchObject({ state: 'MASTER', waitingFor: null });
    }
  });
});

describe('packets', () => {
  const envelope = { source: address('10.9.0.1'), destination: address('10.9.0.2'), ttl: 255 };
  const [publicSetup] = SETUPS;
  const strong = encodeAdvertisement(
    {
      version: 3,
      vrid: 51,
      priority: 255,
      addresses: [address('10.9.0.100')],
      advertIntervalMs: 1000,
      authentication: null,
    },
    'pseudo-header',
    envelope,
  );

  it('at random are never believed', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (payload) => {
        expect(acceptPacket({ ...envelope, payload }, SETUPS).verdict).not.toBe('accepted');
      }),
      { numRuns: 20_000 },
    );
  });

  it('with one bit turned are never believed', () => {
    for (let bit = 0; bit < strong.length * 8; bit++) {
      const payload = strong.slice();
      payload[bit >> 3] = (payload[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(acceptPacket({ ...envelope, payload }, SETUPS).verdict).not.toBe('accepted');
    }
  });

  it('are judged in the order of the specification', () => {
    const multicast = { ...publicSetup!, transport: 'multicast' as const };
    const group = address('224.0.0.18');
    const toGroup = encodeAdvertisement(
      {
        version: 3,
        vrid: 51,
        priority: 255,
        addresses: [address('10.9.0.100')],
        advertIntervalMs: 1000,
        authentication: null,
      },
      'plain',
      envelope,
    );
    const seen = [
      acceptPacket({ ...envelope, payload: strong }, [publicSetup!]),
      acceptPacket({ ...envelope, payload: strong, ttl: 60 }, [publicSetup!]),
      acceptPacket({ ...envelope, payload: strong }, [multicast]),
      acceptPacket({ ...envelope, payload: toGroup, destination: group, ttl: 254 }, [multicast]),
      acceptPacket({ ...envelope, payload: toGroup, destination: group }, [multicast]),
      acceptPacket({ ...envelope, payload: toGroup, destination: group }, [publicSetup!]),
      acceptPacket({ ...envelope, payload: toGroup, source: address('10.9.0.2') }, [publicSetup!]),
      acceptPacket({ ...envelope, payload: toGroup, source: address('10.9.0.7') }, [publicSetup!]),
      acceptPacket({ ...envelope, payload: toGroup }, [{ ...publicSetup!, vrid: 99 }]),
      acceptPacket({ ...envelope, payload: toGroup }, [{ ...publicSetup!, version: 2 }]),
    ];
    expect(seen.map((one) => ('reason' in one ? `${one.verdict} ${one.reason}` : one.verdict))).toEqual([
      'accepted',
      'accepted',
      'dropped transport',
      'dropped ttl',
      'accepted',
      'dropped transport',
      'dropped own-source',
      'dropped unknown-source',
      'foreign vrid',
      'dropped version-mismatch',
    ]);
  });
});
