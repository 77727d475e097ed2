/** Runs inside User-Mode Linux: drives the kernel's IPVS through our code and asks ipvsadm what it sees. Prints one RESULT line. */
import { execFileSync } from 'node:child_process';
import { FakeIpvs } from '../../../src/kernel/fake-ipvs.ts';
import { openIpvs } from '../../../src/kernel/netlink-ipvs.ts';
import { loadRawio } from '../../../src/kernel/rawio.ts';
import { openFirewall } from '../../../src/kernel/system-firewall.ts';
import type { Address } from '../../../src/wire/address.ts';
import type { IpvsChange, ServiceId } from '../../../src/wire/ipvs.ts';
import { destinationOf, serviceOf } from '../../wire/ipvs-values.ts';

const ip = (text: string): Address => text as Address;
const sh = (command: string): string[] =>
  execFileSync('/bin/sh', ['-c', command], { encoding: 'utf8' }).trimEnd().split('\n');

const tcp = (address: string, port: number): ServiceId => ({
  kind: 'address',
  protocol: 'tcp',
  address: ip(address),
  port,
});

const result: Record<string, unknown> = {};
const ipvs = openIpvs(loadRawio());

async function problem(work: () => Promise<unknown>): Promise<string | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    return `${(error as Error).name}: ${(error as Error).message}`;
  }
}

async function kinds(): Promise<void> {
  const v6 = tcp('2001:db8::1', 443);
  const mark: ServiceId = { kind: 'mark', mark: 5, family: 4 };
  const mark6: ServiceId = { kind: 'mark', mark: 6, family: 6 };
  const udp: ServiceId = { kind: 'address', protocol: 'udp', address: ip('10.0.0.1'), port: 53 };
  const ops = serviceOf(udp, { onePacket: true });
  const persistence = { timeoutMs: 300_000, prefixLength: 24 };
  const changes: IpvsChange[] = [
    { op: 'new-service', service: serviceOf(tcp('10.0.0.1', 80), { scheduler: 'wrr' }) },
    { op: 'new-destination', id: tcp('10.0.0.1', 80), destination: destinationOf('10.0.0.21', 80, { weight: 2 }) },
    {
      op: 'new-destination',
      id: tcp('10.0.0.1', 80),
      destination: destinationOf('10.0.0.22', 8080, { forward: 'nat' }),
    },
    {
      op: 'new-destination',
      id: tcp('10.0.0.1', 80),
      destination: destinationOf('10.0.0.23', 80, {
        forward: 'tun',
        tunnel: { type: 'gue', port: 6080, checksum: 'full' },
      }),
    },
    { op: 'new-service', service: serviceOf(v6, { scheduler: 'sh', schedulerFallback: true, schedulerPort: true }) },
    {
      op: 'new-destination',
      id: v6,
      destination: destinationOf('2001:db8::21', 443, { upperThreshold: 100, lowerThreshold: 80 }),
    },
    { op: 'new-service', service: serviceOf(mark, { scheduler: 'wlc', persistence }) },
    { op: 'new-destination', id: mark, destination: destinationOf('10.0.0.21', 0, { weight: 0 }) },
    { op: 'new-service', service: serviceOf(mark6, { persistence: { timeoutMs: 60_000, prefixLength: 64 } }) },
    { op: 'new-service', service: ops },
    { op: 'new-service', service: serviceOf(tcp('10.0.0.2', 80), { scheduler: 'nonesuch' }) },
    { op: 'set-destination', id: tcp('10.0.0.9', 80), destination: destinationOf('10.0.0.21', 80) },
    { op: 'new-service', service: serviceOf(tcp('10.0.0.3', 80), { scheduler: 'mh' }) },
    { op: 'new-service', service: serviceOf(tcp('10.0.0.3', 80)) },
    { op: 'set-service', service: serviceOf(tcp('10.0.0.4', 80)) },
    { op: 'delete-service', id: tcp('10.0.0.4', 80) },
    { op: 'new-destination', id: tcp('10.0.0.1', 80), destination: destinationOf('10.0.0.21', 80) },
    { op: 'set-destination', id: tcp('10.0.0.1', 80), destination: destinationOf('10.0.0.99', 80) },
    { op: 'delete-destination', id: tcp('10.0.0.1', 80), destination: destinationOf('10.0.0.99', 80) },
  ];
  result['kinds'] = {
    errors: (await ipvs.apply(changes)).map((error) => error?.message ?? null),
    ipvsadm: sh('ipvsadm -Sn'),
    read: await ipvs.read(),
  };
  const fake = new FakeIpvs();
  fake.missingSchedulers.add('nonesuch');
  result['fakeErrors'] = (await fake.apply(changes)).map((error) => error?.message ?? null);
  const again: IpvsChange[] = [
    {
      op: 'set-service',
      service: serviceOf(tcp('10.0.0.1', 80), {
        scheduler: 'rr',
        persistence: { timeoutMs: 60_000, prefixLength: 32 },
      }),
    },
    { op: 'set-destination', id: tcp('10.0.0.1', 80), destination: destinationOf('10.0.0.21', 80, { weight: 0 }) },
    { op: 'delete-destination', id: tcp('10.0.0.1', 80), destination: destinationOf('10.0.0.22', 8080) },
    { op: 'delete-service', id: v6 },
    { op: 'delete-service', id: mark },
    { op: 'delete-service', id: mark6 },
    { op: 'delete-service', id: udp },
    { op: 'delete-service', id: tcp('10.0.0.3', 80) },
  ];
  result['changed'] = {
    errors: (await ipvs.apply(again)).map((error) => error?.message ?? null),
    ipvsadm: sh('ipvsadm -Sn'),
  };
}

async function settings(): Promise<void> {
  sh('ip link add dummy0 type dummy; ip link set dummy0 up; ip address add 10.9.9.1/24 dev dummy0');
  await ipvs.setTimeouts({ tcpMs: 600_000, tcpFinMs: null, udpMs: 100_000 });
  const daemon = { interface: 'dummy0', id: 7, maxlen: 64, group: ip('224.0.0.81'), port: 8848, ttl: 1 } as const;
  await ipvs.startDaemon({ ...daemon, role: 'master' });
  await ipvs.startDaemon({ ...daemon, role: 'backup', maxlen: 0 });
  result['settings'] = {
    info: await ipvs.info(),
    timeouts: await ipvs.timeouts(),
    ipvsadmTimeouts: sh('ipvsadm -L --timeout'),
    daemons: await ipvs.daemons(),
    ipvsadmDaemons: sh('ipvsadm -L --daemon'),
    again: await problem(() => ipvs.startDaemon({ ...daemon, role: 'master' })),
    stops: [
      await problem(() => ipvs.stopDaemon('master', 7)),
      await problem(() => ipvs.stopDaemon('backup', 7)),
      await problem(() => ipvs.stopDaemon('backup', 7)),
    ],
    left: await ipvs.daemons(),
  };
  await ipvs.flush();
  result['flushed'] = sh('ipvsadm -Sn');
}

/** This kernel has no nf_tables family that could mark, so the rules go by iptables-legacy; another's rule stays as it was. */
async function firewall(): Promise<void> {
  const rules = [
    { address: ip('10.0.0.1'), protocol: 'tcp', port: 80, mark: 5 },
    { address: ip('10.0.0.1'), protocol: 'udp', port: 0, mark: 0x4c56_0001 },
    { address: ip('10.0.0.1'), protocol: 'tcp', port: 80, mark: 0x4c56_ffff, midstream: true },
    { address: ip('2001:db8::1'), protocol: 'tcp', port: 443, mark: 6 },
  ] as const;
  const rest = rules.slice(1);
  sh('iptables-legacy -t mangle -A PREROUTING -p tcp --dport 25 -j MARK --set-mark 9');
  const ours = openFirewall();
  const saved = (): string[] =>
    sh('iptables-legacy-save -t mangle; ip6tables-legacy-save -t mangle').filter((line) => line.startsWith('-A'));
  const before = await ours.read();
  const applied = [await ours.apply(rules), await ours.apply(rules)].map((error) => error?.message ?? null);
  const full = { before, applied, read: await ours.read(), holds: await ours.holds(rules), saved: saved() };
  sh('iptables-legacy -t mangle -I LVS-AGENT -p tcp --dport 26 -j MARK --set-mark 10');
  const disturbed = await ours.holds(rules);
  const changed = { error: (await ours.apply(rest))?.message ?? null, holds: await ours.holds(rest), saved: saved() };
  const removed = { error: (await ours.apply([]))?.message ?? null, read: await ours.read(), saved: saved() };
  result['firewall'] = { ...full, disturbed, changed, removed };
}

/** 1,000 services of 10: as a batch, read without change, and ipvsadm's own way for comparison. */
async function speed(): Promise<void> {
  const timed = async <T>(work: () => T | Promise<T>): Promise<[number, T]> => {
    const started = performance.now();
    const value = await work();
    return [Math.round(performance.now() - started), value];
  };
  const changes: IpvsChange[] = [];
  for (let index = 0; index < 1000; index++) {
    const id = tcp(`10.${10 + (index >> 8)}.${index & 255}.1`, 80);
    changes.push({ op: 'new-service', service: serviceOf(id, { scheduler: 'wlc' }) });
    for (let host = 1; host <= 10; host++) {
      changes.push({ op: 'new-destination', id, destination: destinationOf(`10.1.0.${host}`, 80) });
    }
  }
  // The best of three: the machine is shared, and the first run is spent in V8's interpreter.
  const tries: number[] = [];
  let errors: readonly unknown[] = [];
  for (let round = 0; round < 3; round++) {
    await ipvs.flush();
    const [ms, answers] = await timed(() => ipvs.apply(changes));
    tries.push(ms);
    errors = answers;
  }
  const addMs = Math.min(...tries);
  const [readMs, table] = await timed(() => ipvs.read());
  const [readAgainMs] = await timed(() => ipvs.read());
  const [saveMs, saved] = await timed(() => sh('ipvsadm -Sn'));
  await ipvs.flush();
  const [restoreMs] = await timed(() => execFileSync('ipvsadm', ['-R'], { input: `${saved.join('\n')}\n` }));
  result['speed'] = {
    addMs,
    firstAddMs: tries[0],
    readMs,
    readAgainMs,
    saveMs,
    restoreMs,
    failed: errors.filter((error) => error !== undefined).length,
    services: table.length,
    destinations: table.reduce((sum, entry) => sum + entry.destinations.length, 0),
    savedLines: saved.length,
  };
}

sh('modprobe ip_vs && modprobe dummy');
await kinds();
await settings();
await speed();
await firewall();
ipvs.close();
console.log(`RESULT ${JSON.stringify(result)}`);
