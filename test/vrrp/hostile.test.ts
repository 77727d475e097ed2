/** Hostile packets against parser, acceptance and router, with a second reading of the RFC as the judge of what is to be dropped. */
import { createHmac } from 'node:crypto';
import { describe, expect, inject, it } from 'vitest';
import { type Authenticate, acceptPacket, type Received } from '../../src/vrrp/accept.ts';
import { authenticityOf } from '../../src/vrrp/authenticity.ts';
import { type Sender, setBackMs } from '../../src/vrrp/freshness.ts';
import type { Instance } from '../../src/vrrp/instance.ts';
import { newRouter, nextDeadlineMs, type Router, type RouterEvent, stepRouter } from '../../src/vrrp/router.ts';
import type { Address } from '../../src/wire/address.ts';
import { mayBeBelieved } from './acceptance-oracle.ts';
import { FORMS, type Form, hostilePacket, validPacket, WALL_MS } from './hostile-packets.ts';
import { brokenRule } from './invariants.ts';
import { pick, seededRandom } from './random.ts';

const COUNT = inject('soak') ? 2_000_000 : 50_000;
const SOAK_MS = 1_200_000;
/** Packets that a router gets before a fresh one takes its place. */
const CHAIN = 200;

const VERDICTS = [
  'accepted',
  'truncated',
  'version',
  'type',
  'no-addresses',
  'length',
  'interval',
  'checksum',
  'ttl',
  'transport',
  'own-source',
  'unknown-source',
  'authentication-type',
  'password',
  'version-mismatch',
  'interval-mismatch',
  'hmac-missing',
  'hmac-malformed',
  'hmac-unknown-key',
  'hmac-wrong',
  'hmac-stale',
  'hmac-replayed',
  'vrid',
];

/** A router that starts: BACKUP, MASTER as adopted, or in FAULT. */
function started({ setup }: Form, as: 'BACKUP' | 'MASTER' | 'FAULT'): Router {
  const interfaces = { [setup.interface]: { up: as !== 'FAULT', addresses: [setup.source!] } };
  const found = { [setup.name]: as === 'MASTER' ? ('fresh' as const) : ('absent' as const) };
  const events: RouterEvent[] = [
    { type: 'interfaces', interfaces },
    { type: 'config', setups: [setup], found },
  ];
  return events.reduce((router, event) => stepRouter(router, event, 0).router, newRouter(0));
}

/** As src/agent/vrrp/loop.ts makes it of a packet; none for a foreign one. */
function eventOf(packet: Received, accepted: ReturnType<typeof acceptPacket>): RouterEvent | undefined {
  if (accepted.verdict === 'foreign') return undefined;
  const { instance } = accepted;
  if (accepted.verdict === 'dropped') {
    return { type: 'dropped', instance, reason: accepted.reason, ...(accepted.isAlive ? { isAlive: true } : {}) };
  }
  return { type: 'advertisement', instance, advertisement: accepted.advertisement, source: packet.source };
}

/** Nothing but the counters of drops; how long is waited, where somebody who has the key is there and his clock is off. */
function isUntouched(before: Router, after: Router, isAlive: boolean): boolean {
  if (before.around !== after.around) return false;
  const may = isAlive ? ['dropped', 'masterDownAtMs'] : ['dropped'];
  return Object.entries(before.instances).every(([name, one]) =>
    Object.keys(one).every(
      (key) => may.includes(key) || one[key as keyof Instance] === after.instances[name]?.[key as keyof Instance],
    ),
  );
}

type Senders = Map<Address, Sender>;

/** The wall clock stands still: what is believed is of one moment. */
function authenticating(hmac: Form['hmac'], senders: Senders): Authenticate {
  if (hmac === undefined) return () => undefined;
  const guard = {
    keys: [hmac.key],
    unsigned: hmac.unsigned,
    tolerance: { windowMs: 5_000, intervalMs: 1_000, setBackMs: setBackMs(true, 5_000) },
    senders,
  };
  return (_instance, signed) =>
    authenticityOf(signed, guard, { nowMs: 0, wallMs: WALL_MS }, (key, bytes) =>
      createHmac('sha256', key).update(bytes).digest(),
    );
}

/** As src/agent/vrrp/signatures.ts does. */
function remember(accepted: ReturnType<typeof acceptPacket>, { source }: Received, senders: Senders): void {
  const sender = accepted.verdict === 'accepted' ? accepted.signed?.sender : undefined;
  const known = accepted.verdict === 'dropped' ? accepted.sender : sender;
  if (known !== undefined) senders.set(source, known);
}

interface Judged {
  readonly router: Router;
  readonly verdict: string;
  /** What should not have happened. */
  readonly problem: string | undefined;
}

/** Timers are looked at first, so what follows is the packet's doing. */
function judge({ setup, hmac }: Form, packet: Received, router: Router, nowMs: number, senders: Senders): Judged {
  const before = stepRouter(router, { type: 'time' }, nowMs).router;
  const rule = hmac && {
    keyId: hmac.key.id,
    key: hmac.key.bytes,
    isRequired: hmac.unsigned === 'refused',
    wallSeconds: WALL_MS / 1000,
    windowSeconds: 5,
    last: senders.get(packet.source)?.mark ?? null,
  };
  const accepted = acceptPacket(packet, [setup], authenticating(hmac, senders));
  const verdict = 'reason' in accepted ? accepted.reason : accepted.verdict;
  remember(accepted, packet, senders);
  const isBelieved = accepted.verdict === 'accepted';
  const isAlive = accepted.verdict === 'dropped' && accepted.isAlive === true;
  const event = eventOf(packet, accepted);
  const { router: after, effects } =
    event === undefined ? { router: before, effects: [] } : stepRouter(before, event, nowMs);
  const problems = [
    isBelieved !== mayBeBelieved(setup, packet, rule) && `${verdict}, wrongly`,
    !isBelieved &&
      (effects.length > 0 || !isUntouched(before, after, isAlive)) &&
      `${verdict}, and it changed something`,
    effects.some(({ type }) => type === 'unexpected') && 'the event was refused',
    brokenRule(after),
  ];
  return { router: after, verdict, problem: problems.find((one) => typeof one === 'string') };
}

/** Sends `count` packets; @returns how often each verdict was given. */
function flood(count: number): Map<string, number> {
  const random = seededRandom(inject('seed'));
  const verdicts = new Map<string, number>();
  for (let index = 0; index < count; ) {
    const form = pick(random, FORMS);
    let router = started(form, pick(random, ['BACKUP', 'MASTER', 'FAULT']));
    const senders: Senders = new Map();
    let nowMs = 0;
    for (const end = index + CHAIN; index < end; index++) {
      // some packets come in one moment, the others up to half a second apart, no timer missed between
      if (random(4) === 0)
        nowMs = Math.min(nowMs + random(500), nextDeadlineMs(router, nowMs) ?? Number.POSITIVE_INFINITY);
      const packet = hostilePacket(form, random);
      const judged = judge(form, packet, router, nowMs, senders);
      if (judged.problem !== undefined) expect.fail(`${judged.problem}: ${shown(form, packet)}`);
      router = judged.router;
      verdicts.set(judged.verdict, (verdicts.get(judged.verdict) ?? 0) + 1);
    }
  }
  return verdicts;
}

const shown = (form: Form, { payload, ...envelope }: Received): string =>
  `${form.name}: ${JSON.stringify({ ...envelope, hex: Buffer.from(payload).toString('hex') })} (seed ${inject('seed')})`;

describe('hostile packets', () => {
  it(
    `${COUNT} of them never stop the router, and what must be dropped changes counters only`,
    () => {
      const verdicts = flood(COUNT);
      console.log(`verdicts: ${[...verdicts].map(([verdict, count]) => `${verdict} ${count}`).join(', ')}`);
      // the flood reaches every rule
      expect(VERDICTS.filter((verdict) => (verdicts.get(verdict) ?? 0) < COUNT / 2000)).toEqual([]);
    },
    SOAK_MS,
  );

  it.each(FORMS)('$name: valid ones are believed, and none of which one bit is turned', (form) => {
    const random = seededRandom(inject('seed'));
    const authenticate = authenticating(form.hmac, new Map());
    for (let count = 0; count < 20; count++)
      expect(acceptPacket(validPacket(form, random), [form.setup], authenticate).verdict).toBe('accepted');
    const packet = validPacket(form, random);
    for (let bit = 0; bit < Math.min(packet.payload.length, 100) * 8; bit++) {
      const payload = packet.payload.slice();
      payload[bit >> 3] = (payload[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(acceptPacket({ ...packet, payload }, [form.setup], authenticate).verdict).not.toBe('accepted');
    }
  });
});
