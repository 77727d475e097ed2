/** When alerts go out: with a channel that takes them, refuses them or says nothing, and a clock that the test moves. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Channel, Delivery } from '../../../src/agent/alerts/delivery.ts';
import { Spool } from '../../../src/agent/alerts/spool.ts';
import { Journal } from '../../../src/agent/journal.ts';
import { FakeClock } from '../../../src/kernel/fake-clock.ts';
import { alert } from './alert.ts';

let folder: string;
let clock: FakeClock;
let lines: string[];
let spool: Spool;
let sent: string[];
let refusal: string | null;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'delivery-'));
  clock = new FakeClock(0, alert('').at);
  [lines, sent, refusal] = [[], [], null];
  spool = new Spool({ folder, journal: journal(), wall: () => clock.wall() });
});
afterEach(async () => {
  await spool.settled();
  rmSync(folder, { recursive: true });
});

const journal = () =>
  new Journal(
    (line) => lines.push(line),
    () => 0,
  );
function deliveryOf(change: Partial<Channel> = {}): Delivery {
  const channel: Channel = {
    name: 'mail',
    target: 'mail:25',
    gatherMs: 2_000,
    pauseMs: 60_000,
    most: 3,
    send: (alerts) => {
      sent.push(alerts.map(({ id }) => id).join(''));
      return refusal === null ? Promise.resolve(undefined) : Promise.reject(new Error(refusal));
    },
    ...change,
  };
  return new Delivery(channel, { clock, random: () => 0, journal: journal(), spool });
}
const turn = () => new Promise((resolve) => setImmediate(resolve));
async function pass(ms: number): Promise<void> {
  clock.advance(ms);
  await turn();
}
function add(delivery: Delivery, ids: string): void {
  for (const id of ids) void spool.add(alert(id), ['mail']);
  delivery.wake();
}

describe('a delivery', () => {
  it('gathers a burst, and pauses before the next', async () => {
    const delivery = deliveryOf();
    add(delivery, 'a');
    await pass(1_999);
    add(delivery, 'b');
    expect(sent).toEqual([]);
    await pass(1);
    expect(sent).toEqual(['ab']);
    add(delivery, 'cdefg');
    await pass(59_999);
    expect(sent).toHaveLength(1);
    await pass(1);
    await pass(60_000);
    expect(sent).toEqual(['ab', 'cde', 'fg']);
    expect(clock.nextAtMs()).toBeUndefined();
    expect(lines[0]).toMatch(/^<6>2 alerts sent by mail to mail:25 kind=alert/);
  });

  it('that fails is tried again, later and later, with what has come meanwhile', async () => {
    const delivery = deliveryOf();
    refusal = 'refused';
    add(delivery, 'a');
    await pass(2_000);
    expect(delivery.problem).toBe('1 alerts wait to be sent by mail to mail:25: refused');
    expect(lines[0]).toMatch(/^<4>1 alert not sent by mail to mail:25: refused; next try in 3 s/);
    add(delivery, 'b');
    await pass(2_499);
    expect(sent).toEqual(['a']);
    await pass(1);
    await pass(5_000);
    expect(sent).toEqual(['a', 'ab', 'ab']);
    refusal = null;
    await pass(10_000);
    expect(sent).toHaveLength(4);
    expect([spool.pending('mail'), delivery.problem]).toEqual([[], null]);
    expect(lines.at(-1)).toContain('2 alerts sent by mail to mail:25 at try 4');
  });

  it('is never begun while another is under way', async () => {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const delivery = deliveryOf({ send: () => promise, gatherMs: 0, pauseMs: 0 });
    add(delivery, 'a');
    await pass(0);
    add(delivery, 'b');
    expect(clock.nextAtMs()).toBeUndefined();
    resolve(undefined);
    await turn();
    expect(spool.pending('mail').map(({ id }) => id)).toEqual(['b']);
    expect(clock.nextAtMs()).toBe(0);
  });

  it('tells what went wrong although it was taken', async () => {
    const delivery = deliveryOf({ send: () => Promise.resolve('refused for x@y') });
    add(delivery, 'a');
    await pass(2_000);
    expect(lines.at(-1)).toMatch(/^<4>mail to mail:25: refused for x@y/);
  });

  it('gives up what has waited for days', async () => {
    const delivery = deliveryOf();
    refusal = 'refused';
    add(delivery, 'a');
    for (let hour = 0; hour < 80; hour++) await pass(3_600_000);
    expect(spool.pending('mail')).toEqual([]);
    expect(sent.length).toBeGreaterThan(10);
    expect(clock.nextAtMs()).toBeUndefined();
  });
});

describe('the end of the agent', () => {
  it('for good is the moment for all that waits, without gathering', async () => {
    const delivery = deliveryOf();
    add(delivery, 'abcde');
    await delivery.stop(true);
    expect(sent).toEqual(['abc', 'de']);
    add(delivery, 'f');
    await pass(100_000);
    expect(sent).toHaveLength(2);
  });

  it('for good tries once where nobody takes it', async () => {
    const delivery = deliveryOf();
    refusal = 'refused';
    add(delivery, 'abcde');
    await delivery.stop(true);
    expect(sent).toEqual(['abc']);
    expect(spool.pending('mail')).toHaveLength(5);
  });

  it('at a restart leaves what waits to the next process', async () => {
    const delivery = deliveryOf();
    add(delivery, 'a');
    await delivery.stop(false);
    await pass(100_000);
    expect(sent).toEqual([]);
  });

  it('ends a delivery that takes too long', async () => {
    const send: Channel['send'] = (_alerts, signal) =>
      new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(new Error('aborted'))));
    const delivery = deliveryOf({ send });
    add(delivery, 'a');
    await pass(2_000);
    const stopped = delivery.stop(true);
    await pass(4_000);
    await stopped;
    expect(spool.pending('mail')).toHaveLength(1);
  });
});
