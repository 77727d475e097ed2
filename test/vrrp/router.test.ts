/** Random events against all instances of a director: what must hold after every one of them. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { acceptPacket } from '../../src/vrrp/accept.ts';
import type { Effect, Found, Instance } from '../../src/vrrp/instance.ts';
import type { InstanceSetup } from '../../src/vrrp/instance-setup.ts';
import { step } from '../../src/vrrp/machine.ts';
import { newRouter, nextDeadlineMs, type Router, type RouterEvent, stepRouter } from '../../src/vrrp/router.ts';
import { setupsFor } from '../../src/vrrp/setup.ts';
import { encodeAdvertisement } from '../../src/wire/vrrp.ts';
import { address, configuration, GARP, instance, vip } from './configuration.ts';
import { brokenRule, isWaitingForNothing } from './invariants.ts';

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

/** What an operator may change while it runs. */
const CHANGED: readonly (readonly InstanceSetup[])[] = [
  SETUPS,
  SETUPS.map((one) => ({ ...one, advertIntervalMs: 100, preempt: true })),
  SETUPS.map((one) => ({
    ...one,
    preempt: true,
    preemptDelayMs: 4000,
    startAfter: { linkUpMs: 3000, verdicts: true },
  })),
  SETUPS.map((one) => ({ ...one, version: 2 as const, basePriority: 255 })),
  SETUPS.map((one) => ({
    ...one,
    syncGroup: null,
    garp: { ...GARP, againAfterMs: 0, intervalMs: 30, refreshMs: 700 },
  })),
  SETUPS.map((one, index) => (index === 0 ? { ...one, vrid: 54 } : one)),
  SETUPS.map((one, index) => ({
    ...one,
    addresses: [{ ...one.addresses[0]!, address: address(`10.9.0.11${index}`) }],
  })),
  SETUPS.slice(1),
];

const interfaces = (up1: boolean, up2: boolean): RouterEvent => ({
  type: 'interfaces',
  interfaces: {
    eth1: { up: up1, addresses: [address('10.9.0.2')] },
    eth2: { up: up2, addresses: [address('10.9.1.2')] },
  },
});
const configured = (found: Found, setups = SETUPS): RouterEvent => ({
  type: 'config',
  setups,
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
  fc.constantFrom<RouterEvent>({ type: 'stop', release: true }, { type: 'stop', release: false }),
  fc.record({ type: fc.constant('yield' as const), instance: name }),
  fc.record({ type: fc.constantFrom('relay-ready' as const, 'end-lame-duck' as const), instance: name }),
  fc.record({ type: fc.constant('dropped' as const), instance: name, reason: fc.constant('ttl') }),
  fc.constantFrom(...CHANGED).map((setups) => configured('absent', setups)),
  fc.record({
    type: fc.constant('holds' as const),
    holds: fc.array(
      fc.record({
        instance: fc.option(name),
        reason: fc.constantFrom('release by root', 'generation 8'),
        untilMs: fc.option(fc.integer({ min: 0, max: 60_000 })),
        endsAlone: fc.boolean(),
      }),
      { maxLength: 2 },
    ),
  }),
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
    if (one.type === 'stop') return; // the process ends
  }
}

interface Played {
  readonly before: Router;
  readonly after: Router;
  readonly effects: ReturnType<typeof stepRouter>['effects'];
  readonly event: RouterEvent;
  readonly nowMs: number;
}

const label = (one: { readonly interface: string; readonly address: string }): string =>
  `${one.interface} ${one.address}`;

/** What the kernel has: addresses on their interfaces, and on the loopback. */
interface Kernel {
  readonly held: Set<string>;
  readonly silent: Set<string>;
}

/** Follows what the effects put into the kernel and take out of it. */
function hold({ held, silent }: Kernel, { effects }: Played): void {
  const [adds, removes] = [held.add.bind(held), held.delete.bind(held)];
  const moves: Partial<Record<Effect['type'], readonly ((one: string) => unknown)[]>> = {
    'add-addresses': [adds],
    'delete-addresses': [removes],
    'silence-addresses': [removes, silent.add.bind(silent)],
    'unsilence-addresses': [silent.delete.bind(silent)],
  };
  for (const effect of effects) {
    expect(effect.type).not.toBe('unexpected');
    const labels = 'addresses' in effect && effect.type !== 'probe' ? effect.addresses.map(label) : [];
    for (const move of moves[effect.type] ?? []) for (const one of labels) move(one);
  }
}

/** A MASTER has all of its addresses, and none on the loopback; whatever else is there, somebody knows of. */
function checkHolders({ held, silent }: Kernel, { after }: Played): void {
  const instances = Object.values(after.instances);
  if (instances.length === 0) return; // not configured yet: what is there, a predecessor left
  const ofMasters = instances.filter(({ state: is }) => is === 'MASTER').flatMap(({ setup }) => setup.addresses);
  expect(ofMasters.filter((one) => !held.has(label(one)))).toEqual([]);
  const known = instances
    .filter(({ holdsAddresses }) => holdsAddresses)
    .flatMap(({ setup }) => setup.addresses.map(label));
  expect([...held].filter((one) => !known.includes(one))).toEqual([]);
  const lame = instances.filter(({ lameDuck }) => lameDuck !== null).flatMap(({ setup }) => setup.addresses.map(label));
  expect([...silent].filter((one) => !lame.includes(one))).toEqual([]);
  expect(ofMasters.filter((one) => silent.has(label(one)))).toEqual([]);
}

function checkTransitions({ before, after, effects, event: one }: Played): void {
  if (one.type === 'config' || (one.type === 'stop' && !one.release)) return;
  for (const [member, { state: is }] of Object.entries(after.instances)) {
    const told = effects.some((effect) => effect.type === 'transition' && effect.instance === member);
    if (before.instances[member]?.state !== is) expect(told).toBe(true);
  }
}

/** Those that say how things are rather than what happened: told twice, they are no news. */
const LEVELS: readonly RouterEvent['type'][] = ['config', 'interfaces', 'tracking', 'ready', 'yield'];

describe('after every event', { timeout: 300_000 }, () => {
  const everyStep = (check: (step: Played) => void): void => fc.assert(fc.property(history, (one) => play(one, check)));

  it('every instance is in one state, with the timers of that state; a sync group is MASTER as a whole or not at all', () => {
    everyStep(({ after }) => expect(brokenRule(after)).toBeUndefined());
  });

  it('a timer is armed while anything can still happen by itself', () => {
    everyStep(({ after, nowMs }) => expect(isWaitingForNothing(after, nowMs)).toBe(false));
  });

  it('nothing is refused', () => {
    everyStep(({ effects }) => expect(effects.filter(({ type }) => type === 'unexpected')).toEqual([]));
  });

  it('timers that are due are soon done: the next deadline is in the future', () => {
    everyStep(({ after, nowMs }) => {
      let router = after;
      for (let turn = 0; turn < 3; turn++) router = stepRouter(router, { type: 'time' }, nowMs).router;
      expect(nextDeadlineMs(router, nowMs) ?? Number.POSITIVE_INFINITY).toBeGreaterThan(nowMs);
    });
  });

  it('the same news once more asks for nothing and changes nothing', () => {
    everyStep(({ after, event: one, nowMs }) => {
      if (!LEVELS.includes(one.type)) return;
      const again = stepRouter(after, one, nowMs);
      expect(again.effects).toEqual([]);
      expect(again.router).toEqual(after);
    });
  });

  it('the same packet once more moves nobody', () => {
    everyStep(({ after, event: one, nowMs }) => {
      if (one.type !== 'advertisement') return;
      const { effects } = stepRouter(after, one, nowMs);
      expect(effects.filter(({ type }) => type === 'transition')).toEqual([]);
    });
  });

  it('addresses are held by a MASTER only, and every change of state is told', () => {
    fc.assert(
      fc.property(history, (one) => {
        const held = one[0] === 'absent' ? [] : SETUPS.flatMap(({ addresses }) => addresses.map(label));
        const kernel: Kernel = { held: new Set(held), silent: new Set() };
        play(one, (step) => {
          hold(kernel, step);
          checkHolders(kernel, step);
          checkTransitions(step);
        });
      }),
    );
  });

  it('nobody becomes MASTER who is held without an end', () => {
    fc.assert(
      fc.property(history, (one) => {
        play(one, ({ before, after, event: each }) => {
          const isHeld = (member: string): boolean =>
            [before, after].every(({ holds }) =>
              holds.some(
                ({ instance: on, untilMs, endsAlone }) =>
                  (on ?? member) === member && untilMs === null && endsAlone === false,
              ),
            );
          for (const [member, { state: is }] of Object.entries(after.instances)) {
            const isNew = before.instances[member] === undefined || each.type === 'config';
            if (is === 'MASTER' && !isNew && isHeld(member)) expect(before.instances[member]?.state).toBe('MASTER');
          }
        });
      }),
    );
  });

  it('an event that a state does not list is refused and changes nothing', () => {
    everyStep(({ after, nowMs }) => {
      for (const instance of Object.values(after.instances)) {
        const found = step(instance, { type: 'startup', found: 'absent' }, nowMs);
        const isStalled = found.effects.length > 1;
        // a stall ends also what was stopping already
        const isNew = instance.state === 'INIT' || (isStalled && instance.handingOver?.towards === 'INIT');
        expect(found.effects.some(({ type }) => type === 'unexpected')).toBe(!isNew);
        if (!isNew && !isStalled) expect(found.instance).toBe(instance);
      }
    });
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

describe('packets', () => {
  const envelope = { source: address('10.9.0.1'), destination: address('10.9.0.2'), ttl: 255 };
  const [publicSetup] = SETUPS;
  const best = {
    version: 3,
    vrid: 51,
    priority: 255,
    addresses: [address('10.9.0.100')],
    advertIntervalMs: 1000,
    authentication: null,
  } as const;
  const strong = encodeAdvertisement(best, 'pseudo-header', envelope);

  it('are judged in the order of the specification', () => {
    const multicast = { ...publicSetup!, transport: 'multicast' as const };
    const group = address('224.0.0.18');
    const toGroup = encodeAdvertisement(best, 'plain', envelope);
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
