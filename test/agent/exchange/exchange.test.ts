/** Directors that tell each other what they know: who is held, what is learnt, and what is not believed. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sealed } from '../../../src/agent/exchange/seal.ts';
import { parseAddress } from '../../../src/wire/address.ts';
import { decodeExchange, encodeExchange } from '../../../src/wire/exchange.ts';
import { ADDRESSES, type Director, Directors, KEY } from './directors.ts';

let directors: Directors;
beforeEach(() => {
  directors = new Directors();
});
afterEach(() => directors.end());

const [LB1, LB2] = [parseAddress(ADDRESSES['lb1'] ?? '')!, parseAddress(ADDRESSES['lb2'] ?? '')!];
const BEHIND = 'generation 8 of the configuration, which lb1 has (ours is 7)';
const [WAITS_1, WAITS_2] = ['word from lb2', 'word from lb1'];

function pair(one: object = {}, other: object = {}): [Director, Director] {
  return [directors.add('lb1', one), directors.add('lb2', other)];
}

function started(one: object = {}, other: object = {}): [Director, Director] {
  const both = pair(one, other);
  for (const { exchange } of both) exchange.start();
  directors.clock.advance(100);
  return both;
}

const peerOf = ({ exchange }: Director) => exchange.peers((ms) => ms)[0];

describe('at its start a director', () => {
  it('waits two seconds for a word, once', () => {
    const [lb1] = pair();
    lb1.exchange.start();
    directors.clock.advance(1_999);
    expect(lb1.held).toEqual([WAITS_1]);
    directors.clock.advance(1);
    expect(lb1.held).toEqual([]);
  });

  it('goes on at the first word, which comes at once from one that runs', () => {
    const [lb1, lb2] = pair();
    lb1.exchange.start();
    directors.clock.advance(10_300);
    lb2.exchange.start();
    expect(lb2.held).toEqual([]);
    expect(peerOf(lb2)).toMatchObject({ director: 'lb1', generation: 1, agrees: true });
  });

  it('knows of drains before it goes on', () => {
    const [lb1, lb2] = pair();
    lb1.exchange.start();
    lb1.drain('web1');
    directors.clock.advance(10_300);
    lb2.exchange.start();
    expect(lb2.held).toEqual([WAITS_2]);
    directors.clock.advance(100);
    expect([lb2.held, lb2.drained]).toEqual([[], ['web1']]);
  });

  it('does not wait where it is alone, or has no key', () => {
    const lb1 = directors.add('lb1', {}, null);
    lb1.exchange.start();
    expect(lb1.held).toEqual([]);
    expect(lb1.exchange.alarms()).toEqual([expect.stringMatching(/there is no .*exchange\.key; apply makes one$/)]);
    lb1.exchange.configure(null);
    expect(lb1.exchange.alarms()).toEqual([]);
  });
});

describe('a director with an older configuration', () => {
  it('is held until it has the newer one', () => {
    const [lb1, lb2] = started({ generation: 8 }, { generation: 7 });
    expect([lb1.held, lb2.held]).toEqual([[], [BEHIND]]);
    expect(lb1.exchange.alarms()).toEqual(['lb2 has generation 7 of the configuration, this director 8']);
    expect(lb2.exchange.holds()).toEqual([{ instance: null, reason: BEHIND, untilMs: null, endsAlone: true }]);
    lb2.configure({ self: 'lb2', generation: 8 });
    expect([lb2.held, lb2.exchange.behind]).toEqual([[], null]);
    expect(lb1.exchange.alarms()).toEqual([]);
  });

  it('is held for an instance also when it hears no MASTER of it, as long as one says that it is', () => {
    const [lb1, lb2] = started({ generation: 8 }, { generation: 7 });
    lb1.masters = ['10.77.1.100'];
    directors.clock.advance(1_000);
    const holds = () => lb2.exchange.holds().map(({ instance, endsAlone }) => `${instance} ${endsAlone}`);
    expect(holds()).toEqual(['null true', 'public false']);
    expect(lb2.exchange.holds()[1]?.untilMs).toBe(directors.clock.now() + 15_000);
    directors.datagrams.cut.add(LB1);
    directors.clock.advance(11_000);
    expect(holds()).toEqual(['null true']);
    directors.datagrams.cut.clear();
    lb1.masters = ['10.77.1.101'];
    directors.clock.advance(1_000);
    expect(holds()).toEqual(['null true']);
  });

  it('hears of it at once when it comes, and remembers it when its director falls silent', () => {
    const [lb1, lb2] = started({ generation: 7 }, { generation: 7 });
    lb1.configure({ self: 'lb1', generation: 8 });
    expect(lb2.held).toEqual([BEHIND]);
    directors.datagrams.cut.add(LB1);
    directors.clock.advance(60_000);
    expect(lb2.held).toEqual([BEHIND]);
  });

  it('is not held any more when the other one has rolled back', () => {
    const [lb1, lb2] = started({ generation: 8 }, { generation: 7 });
    lb1.configure({ self: 'lb1', generation: 7 });
    expect(lb2.held).toEqual([]);
  });

  it('is let go by an operator, until there is a still newer one', () => {
    const [lb1, lb2] = started({ generation: 8 }, { generation: 7 });
    expect(lb2.exchange.waive()).toBe(true);
    directors.clock.advance(10_000);
    expect([lb2.held, lb2.exchange.waive()]).toEqual([[], false]);
    lb1.configure({ self: 'lb1', generation: 9 });
    expect(lb2.held).toEqual(['generation 9 of the configuration, which lb1 has (ours is 7)']);
  });

  it('of the same generation but another content is told of', () => {
    const [lb1] = started({ hash: 'one' }, { hash: 'other' });
    expect(lb1.exchange.alarms()).toEqual(['lb2 has another configuration under generation 1']);
    expect(peerOf(lb1)?.agrees).toBe(false);
  });
});

describe('drains', () => {
  it('are known everywhere at once, and so is that they were taken back', () => {
    const [lb1, lb2] = started();
    lb1.drain('web1');
    lb2.drain('web2');
    directors.clock.advance(500);
    expect([lb1.drained, lb2.drained]).toEqual(Array(2).fill(['web1', 'web2']));
    lb2.undrain('web1');
    directors.clock.advance(500);
    expect([lb1.drained, lb2.drained]).toEqual(Array(2).fill(['web2']));
    expect([peerOf(lb1)?.agrees, peerOf(lb2)?.agrees]).toEqual([true, true]);
  });

  it('that were set and taken back while a director was away are right when it comes back', () => {
    const [lb1, lb2] = started();
    lb1.drain('web1');
    directors.clock.advance(500);
    directors.datagrams.cut.add(LB2);
    lb1.undrain('web1');
    lb1.drain('web2');
    directors.clock.advance(600_000);
    expect(lb2.drained).toEqual(['web1']);
    directors.datagrams.cut.delete(LB2);
    directors.clock.advance(1_500);
    expect([lb1.drained, lb2.drained]).toEqual(Array(2).fill(['web2']));
  });

  it('are not sent to one that knows them', () => {
    const [lb1] = started();
    lb1.drain('web1');
    directors.clock.advance(5_000);
    directors.datagrams.sent.length = 0;
    directors.clock.advance(10_000);
    const entries = directors.datagrams.sent.map(({ bytes }) => decodeExchange(bytes.subarray(0, -32)).entries.length);
    expect(entries.length).toBeGreaterThanOrEqual(20);
    expect(Math.max(...entries)).toBe(0);
  });

  it('of a thousand realservers come over in small datagrams', () => {
    const [lb1, lb2] = started();
    const names = Array.from({ length: 1_000 }, (_, index) => `web${index}`);
    const whole = { service: null, weight: 0, owner: 'ann@ops', reason: 'x'.repeat(40), since: 1, until: null };
    lb1.store.add(names.map((realserver) => ({ realserver, ...whole })));
    directors.clock.advance(5_000);
    expect(lb2.store.all).toHaveLength(1_000);
    expect(peerOf(lb1)?.agrees).toBe(true);
    expect(Math.max(...directors.datagrams.sent.map(({ bytes }) => bytes.length))).toBeLessThan(1_300);
  });
});

describe('a silent director', () => {
  it('is told of after ten seconds, and once in the journal', () => {
    const [lb1] = started();
    directors.datagrams.cut.add(LB2);
    directors.clock.advance(9_000);
    expect(lb1.exchange.alarms()).toEqual([]);
    directors.clock.advance(5_000);
    expect(lb1.exchange.alarms()).toEqual([expect.stringMatching(/^lb2 was not heard from for 1[34] s$/)]);
    expect(peerOf(lb1)?.agrees).toBe(false);
    directors.datagrams.cut.delete(LB2);
    directors.clock.advance(2_000);
    expect(lb1.exchange.alarms()).toEqual([]);
    expect(lb1.lines.filter((line) => /heard/.test(line))).toHaveLength(2);
  });
});

describe('what is not believed', () => {
  const last = (from: string) => {
    const found = directors.datagrams.sent.findLast((one) => one.from === from);
    if (found === undefined) throw new Error(`${from} has sent nothing`);
    return found;
  };

  it('another key', () => {
    const lb1 = directors.add('lb1', { generation: 7 });
    directors.add('lb2', { generation: 8 }, new Uint8Array(32).fill(8)).exchange.start();
    lb1.exchange.start();
    directors.clock.advance(12_000);
    expect([lb1.held, peerOf(lb1)?.heardAt]).toEqual([[], null]);
    expect(lb1.exchange.alarms()[0]).toMatch(/^lb2 is not believed: it seals with another key/);
    expect(lb1.lines.filter((line) => line.includes('not believed'))).toHaveLength(1);
  });

  it.each([
    [90_000, 'lb2 is not believed: its clock is 90 s ahead: set the clocks (NTP)'],
    [-90_000, 'lb2 is not believed: its clock is 90 s behind: set the clocks (NTP)'],
  ])('a clock that is %d ms off', (wallMs, alarm) => {
    const lb1 = directors.add('lb1');
    directors.add('lb2', { generation: 8 }, KEY, wallMs).exchange.start();
    lb1.exchange.start();
    directors.clock.advance(3_000);
    expect([lb1.held, lb1.exchange.alarms()]).toEqual([[], [alarm]]);
  });

  it('repetitions: of the process that runs, and of one that ran before', () => {
    const [lb1, lb2] = started({}, { generation: 8 });
    const old = last(LB2);
    lb2.configure({ self: 'lb2', generation: 1 });
    directors.clock.advance(1_000);
    directors.datagrams.deliver(old.bytes, LB2, LB1);
    expect(lb1.held).toEqual([]);
    lb2.exchange.stop();
    directors.clock.advance(1_000);
    directors.add('lb2').exchange.start();
    directors.datagrams.deliver(old.bytes, LB2, LB1);
    expect([lb1.held, peerOf(lb1)?.generation]).toEqual([[], 1]);
  });

  it.each<[string, object]>([
    ['another cluster', { cluster: 'other' }],
    ['the name of another director', { director: 'lb3' }],
  ])('%s', (_what, change) => {
    const [lb1] = started();
    const message = { ...decodeExchange(last(LB2).bytes.subarray(0, -32)), counter: 99, generation: 99, ...change };
    directors.datagrams.deliver(sealed(encodeExchange(message), KEY), LB2, LB1);
    expect(lb1.held).toEqual([]);
    expect(peerOf(lb1)?.generation).toBe(1);
  });

  it('one changed bit, half a datagram, rubbish, a weight that no kernel takes, and a stranger', () => {
    const [lb1] = started();
    const { bytes } = last(LB2);
    const inside = decodeExchange(bytes.subarray(0, -32));
    for (let bit = 0; bit < bytes.length * 8; bit += 7) {
      const changed = Uint8Array.from(bytes);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      directors.datagrams.deliver(changed, LB2, LB1);
    }
    const entry = {
      realserver: 'web1',
      service: null,
      weight: 2 ** 32 - 1,
      owner: '',
      reason: null,
      since: 9,
      until: null,
    };
    const heavy = encodeExchange({ ...inside, counter: 99, entries: [entry] });
    const strange = encodeExchange({ ...inside, counter: 100, generation: 99 });
    for (const one of [bytes.subarray(0, 50), new Uint8Array(), new Uint8Array(20_000), sealed(heavy, KEY)]) {
      directors.datagrams.deliver(one, LB2, LB1);
    }
    directors.datagrams.deliver(sealed(strange, KEY), parseAddress('10.77.1.13')!, LB1);
    directors.clock.advance(100);
    expect([lb1.held, lb1.drained, lb1.exchange.alarms(), peerOf(lb1)?.agrees]).toEqual([[], [], [], true]);
  });

  it('nothing for ever: a director whose clock went back is believed again two minutes later', () => {
    const [lb1, lb2] = started();
    lb2.exchange.stop();
    directors.add('lb2', { generation: 8 }, KEY, -30_000).exchange.start();
    directors.clock.advance(100_000);
    expect(peerOf(lb1)?.generation).toBe(1);
    directors.clock.advance(30_000);
    expect(peerOf(lb1)?.generation).toBe(8);
  });
});

describe('another key', () => {
  const OTHER = new Uint8Array(32).fill(9);

  it('is taken one director after the other, and nobody falls silent', () => {
    const [lb1, lb2] = started();
    lb1.giveKey(OTHER);
    directors.clock.advance(60_000);
    expect([lb1.exchange.alarms(), lb2.exchange.alarms()]).toEqual([[], []]);
    lb2.takeKey();
    directors.clock.advance(15_000);
    expect(lb2.exchange.key()).toBe(null);
    lb2.giveKey(OTHER);
    directors.clock.advance(3_700_000);
    expect([peerOf(lb1)?.agrees, peerOf(lb2)?.agrees]).toEqual([true, true]);
    expect(lb2.exchange.key()).toBe(lb1.exchange.key());
  });
});

describe('an address that is not there yet', () => {
  it('is told of, and used once it is there', async () => {
    directors.datagrams.missing.add(LB1);
    const [lb1] = started();
    await Promise.resolve();
    directors.clock.advance(1_000);
    await Promise.resolve();
    expect(lb1.exchange.alarms()).toEqual([`no exchange with the other directors: bind EADDRNOTAVAIL ${LB1}`]);
    directors.datagrams.missing.clear();
    directors.clock.advance(2_000);
    await Promise.resolve();
    directors.clock.advance(1_000);
    expect([lb1.exchange.alarms(), peerOf(lb1)?.agrees]).toEqual([[], true]);
  });
});
