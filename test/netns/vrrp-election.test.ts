/** Two VRRP processes of ours on a segment: who is MASTER, and how the role moves. The witness is tcpdump, not our own log. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { masterDownMs } from '../../src/vrrp/intervals.ts';
import { configuration, instance } from '../vrrp/configuration.ts';
import { until, VrrpAgent, VrrpLan } from './vrrp-lan.ts';

let lan: VrrpLan;
const [A, B, VIP] = ['10.9.0.1', '10.9.0.2', '10.9.0.100'];

beforeEach(async () => {
  lan = new VrrpLan();
  lan.addHost('a', { eth1: A });
  lan.addHost('b', { eth1: B });
  await lan.watch();
});
afterEach(() => lan.close());

async function elected(config = configuration([instance()])): Promise<{ a: VrrpAgent; b: VrrpAgent }> {
  const [a, b] = [new VrrpAgent(lan, 'a', config).start(), new VrrpAgent(lan, 'b', config).start()];
  await Promise.all([a.connect(), b.connect()]);
  await a.reaches('MASTER');
  await b.reaches('BACKUP');
  await lan.next(A, 0);
  return { a, b };
}

describe('two VRRP processes', () => {
  it('elect the higher priority, which alone has the VIP', async () => {
    await elected();
    expect(lan.has('a', VIP)).toBe(true);
    expect(lan.has('b', VIP)).toBe(false);
    expect(lan.last(B)).toBeUndefined();
  });

  it('hand over after a crash within master_down + 50 ms', async () => {
    const { a, b } = await elected();
    await a.signal('SIGKILL');
    const lastMs = lan.last(A)?.atMs ?? 0;
    await b.reaches('MASTER');
    const takeover = await lan.next(B, lastMs);
    const gapMs = takeover.atMs - lastMs;
    console.log(`takeover after ${gapMs.toFixed(1)} ms, master_down ${masterDownMs(3, 100, 1000)}`);
    expect(gapMs).toBeLessThan(masterDownMs(3, 100, 1000) + 50);
    expect(lan.has('b', VIP)).toBe(true);
    await until('the VIP leaves the dead one', () => !lan.has('a', VIP));
  });
});
