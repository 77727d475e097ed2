/** Changes that directors do not understand of each other, rolled as an apply rolls them: never two MASTERs, no ping lost. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { InstanceConfig } from '../../src/config/instance.ts';
import { configuration, instance } from '../vrrp/configuration.ts';
import { VrrpAgent } from './vrrp/agent.ts';
import { VrrpLan } from './vrrp/lan.ts';
import { until } from './vrrp/until.ts';

let lan: VrrpLan;
const [A, B, VIP] = ['10.9.0.1', '10.9.0.2', '10.9.0.100'];
const INTERVAL = 250;

beforeEach(() => {
  lan = new VrrpLan();
  lan.addHost('a', { eth1: A });
  lan.addHost('b', { eth1: B });
  lan.addHost('client', { eth1: '10.9.0.9' });
});
afterEach(() => lan.close());

/** A ping every 20 ms, and what became of them. */
function pinging(): () => Promise<{ sent: number; received: number }> {
  const ping = lan.spawn('client', ['ping', '-n', '-q', '-i', '0.02', '-W', '1', VIP]);
  let text = '';
  ping.stdout?.on('data', (more: Buffer) => {
    text += more;
  });
  return async () => {
    ping.kill('SIGINT');
    const tally = await until('the tally of ping', () => /(\d+) packets transmitted, (\d+) /.exec(text) ?? undefined);
    return { sent: Number(tally[1]), received: Number(tally[2]) };
  };
}

/** What the kernel says of the VIP in a host from now on: it comes, or is renewed, or goes. */
function monitored(host: string): string[] {
  const monitor = lan.spawn(host, ['ip', '-o', 'monitor', 'address']);
  const lines: string[] = [];
  monitor.stdout?.on('data', (more: Buffer) => {
    lines.push(
      ...more
        .toString()
        .split('\n')
        .filter((line) => line.includes(` ${VIP}/`)),
    );
  });
  return lines;
}

const hold = (agent: VrrpAgent, isHeld: boolean): void =>
  agent.send({
    type: 'holds',
    holds: isHeld ? [{ instance: 'public', reason: 'x', untilMs: null, endsAlone: false }] : [],
  });

function give(agent: VrrpAgent, more: Partial<InstanceConfig>): void {
  const config = configuration([instance({ advertIntervalMs: INTERVAL, ...more })]);
  agent.writeConfig(config);
  agent.send({ type: 'config', config });
}

const secret = (value: string): Partial<InstanceConfig> => ({
  version: 2,
  advertIntervalMs: 1000,
  authentication: { pass: { source: 'literal', value } },
});

describe('a pinned change', () => {
  it.each<[string, Partial<InstanceConfig>, Partial<InstanceConfig>]>([
    ['VRRP version', {}, { version: 2, advertIntervalMs: 1000 }],
    ['VRID', {}, { vrid: 52 }],
    ['transport', {}, { transport: 'multicast' }],
    ['password', secret('one'), secret('two')],
  ])('of the %s', async (_what, before, after) => {
    const config = configuration([instance({ advertIntervalMs: INTERVAL, ...before })]);
    const a = await new VrrpAgent(lan, 'a', config).start().connect();
    await a.reaches('MASTER');
    const b = await new VrrpAgent(lan, 'b', config).start().connect();
    await until('b hears a', () => b.instance()?.master === A);
    const pinged = pinging();
    const [onA, onB] = [monitored('a'), monitored('b')];
    await until('the kernel is listened to', () => onA.length > 0);

    hold(b, true);
    await until('b is held', () => b.instance()?.waitingFor === 'x');
    give(b, after);
    await until('b has changed', () => b.instance()?.state === 'BACKUP' && b.instance()?.master === null);
    // longer than any master_down of these: without the hold b would be MASTER by now
    const changedMs = Date.now();
    await until('time has passed', () => Date.now() - changedMs > 5_000);
    expect(b.instance()).toMatchObject({ state: 'BACKUP', waitingFor: 'x' });
    give(a, after);
    await until('b hears a again', () => b.instance()?.master === A);
    hold(b, false);
    await until('b is let go', () => b.instance()?.waitingFor === null);

    const { sent, received } = await pinged();
    console.log(`${sent} pings, ${sent - received} lost`);
    expect(received).toBe(sent);
    expect(onB).toEqual([]);
    expect(onA.filter((line) => line.startsWith('Deleted'))).toEqual([]);
    expect(b.transitions.map(({ to }) => to)).not.toContain('MASTER');
    // what it was for: b takes over when a is gone
    await a.signal('SIGKILL');
    await b.reaches('MASTER');
    await until('b alone has the VIP', () => !lan.has('a', VIP) && lan.has('b', VIP));
  });
});
