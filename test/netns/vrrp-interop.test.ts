/** One of our VRRP processes with a real keepalived or FRR as the peer: whoever has the higher priority is MASTER, in both directions. */
import { execFileSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { InstanceConfig } from '../../src/config/instance.ts';
import { address, configuration, instance } from '../vrrp/configuration.ts';
import { until, VrrpAgent, VrrpLan } from './vrrp-lan.ts';

let lan: VrrpLan;
const [OURS, THEIRS, VIP] = ['10.9.0.1', '10.9.0.2', '10.9.0.100'];

beforeEach(async () => {
  lan = new VrrpLan();
  lan.addHost('a', { eth1: OURS });
  lan.addHost('peer', { eth1: THEIRS });
  await lan.watch();
});
afterEach(() => lan.close());

interface Case {
  readonly version: 2 | 3;
  readonly transport: 'unicast' | 'multicast';
  readonly password: string | null;
}

/** @param priority of the peer; ours is 100 */
async function keepalived(one: Case, priority: number): Promise<() => void> {
  const conf = join(lan.dir, 'keepalived.conf');
  const lines = [
    `version ${one.version}`,
    'state BACKUP',
    'interface eth1',
    'virtual_router_id 51',
    `priority ${priority}`,
    'advert_int 1',
    'nopreempt',
    one.password === null ? '' : `authentication {\n auth_type PASS\n auth_pass ${one.password}\n }`,
    one.transport === 'unicast' ? `unicast_src_ip ${THEIRS}\n unicast_peer {\n ${OURS}\n }` : '',
    `virtual_ipaddress {\n ${VIP}/32\n }`,
  ];
  writeFileSync(conf, `global_defs {\n router_id peer\n}\nvrrp_instance V {\n ${lines.join('\n ')}\n}\n`);
  const pids = ['-p', join(lan.dir, 'ka.pid'), '-r', join(lan.dir, 'vrrp.pid')];
  const child = lan.spawn('peer', ['keepalived', '-n', '-P', '-f', conf, ...pids]);
  return () => child.kill('SIGTERM');
}

async function frr(one: Case, priority: number): Promise<() => void> {
  execFileSync('chown', ['frr', lan.dir]);
  lan.ip('peer', 'link add vrrp4 link eth1 type macvlan mode bridge');
  lan.ip('peer', 'link set vrrp4 address 00:00:5e:00:01:33');
  lan.ip('peer', `addr add ${VIP}/24 dev vrrp4`);
  lan.ip('peer', 'link set vrrp4 up');
  const conf = join(lan.dir, 'vrrpd.conf');
  const lines = [`version ${one.version}`, `priority ${priority}`, 'advertisement-interval 1000', `ip ${VIP}`];
  writeFileSync(
    conf,
    `interface eth1\n${lines.map((line) => ` vrrp 51 ${line}`).join('\n')}\n no vrrp 51 preempt\nexit\n`,
  );
  writeFileSync(join(lan.dir, 'zebra.conf'), '');
  const options = (name: string): string[] => ['-z', join(lan.dir, 'zserv.api'), '--vty_socket', lan.dir, '-i', join(lan.dir, `${name}.pid`), '--log', 'syslog']; // biome-ignore format: a command line
  const zebra = lan.spawn('peer', ['/usr/lib/frr/zebra', '-f', join(lan.dir, 'zebra.conf'), ...options('zebra')]);
  // a vrrpd that does not find zebra tries again much later only
  await until('zebra listens', () => existsSync(join(lan.dir, 'zserv.api')));
  const vrrpd = lan.spawn('peer', ['/usr/lib/frr/vrrpd', '-f', conf, ...options('vrrpd')]);
  return () => {
    vrrpd.kill('SIGTERM');
    zebra.kill('SIGTERM');
  };
}

/** The foreign peer is told to lvsctl as one. */
function ourConfig({ version, transport, password }: Case, priority: number): InstanceConfig {
  return instance({
    version,
    transport,
    authentication: password === null ? null : { pass: { source: 'literal', value: password } },
    speakers: [{ director: 'a', interface: 'eth1', source: address(OURS), priority }],
    foreignPeers: [address(THEIRS)],
  });
}

const CASES: readonly [string, typeof keepalived, Case][] = [
  ['keepalived, version 2, multicast, password', keepalived, { version: 2, transport: 'multicast', password: 's3cret' }],
  ['keepalived, version 2, unicast', keepalived, { version: 2, transport: 'unicast', password: null }],
  ['keepalived, version 3, multicast', keepalived, { version: 3, transport: 'multicast', password: null }],
  ['keepalived, version 3, unicast', keepalived, { version: 3, transport: 'unicast', password: null }],
  ['FRR, version 2, multicast', frr, { version: 2, transport: 'multicast', password: null }],
  ['FRR, version 3, multicast', frr, { version: 3, transport: 'multicast', password: null }],
]; // biome-ignore format: a table

describe.each(CASES)('beside %s', (_name, peer, one) => {
  it('we are MASTER and the peer believes us; when we stop, it takes over within its skew', async () => {
    const a = await new VrrpAgent(lan, 'a', configuration([ourConfig(one, 200)])).start().connect();
    await a.reaches('MASTER');
    await peer(one, 100);
    await lan.next(OURS, (await lan.next(OURS, 0)).atMs + 4500);
    expect(lan.last(THEIRS)).toBeUndefined();
    await a.stopForGood();
    const zero = await until('priority 0', () =>
      lan.seen.find(({ priority, source }) => priority === 0 && source === OURS),
    );
    const takeover = await lan.next(THEIRS, zero.atMs);
    expect(takeover.atMs - zero.atMs).toBeLessThan(1000);
  });

  it('the peer is MASTER and we believe it; when it stops, we take over', async () => {
    const stop = await peer(one, 200);
    await lan.next(THEIRS, 0);
    const a = await new VrrpAgent(lan, 'a', configuration([ourConfig(one, 100)])).start().connect();
    await lan.next(THEIRS, (await lan.next(THEIRS, 0)).atMs + 4500);
    expect(a.instance()).toMatchObject({ state: 'BACKUP', master: THEIRS, dropped: {} });
    expect(lan.last(OURS)).toBeUndefined();
    stop();
    await a.reaches('MASTER');
    expect(lan.has('a', VIP)).toBe(true);
  });
});
