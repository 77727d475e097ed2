import { type ChildProcess, execFileSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { until } from '../vrrp/until.ts';
import { type MakeSpeaker, ownAddress, type SpeakerConf } from './speaker.ts';

/** The macvlan that FRR wants, with the virtual MAC and the virtual addresses; FRR lets its carrier go while it is no MASTER. */
const MACVLAN = 'vrrp';

export const frr: MakeSpeaker = (lan, host, conf) => {
  const file = (name: string): string => join(lan.dir, name);
  const mac = `00:00:5e:00:0${conf.family === 4 ? 1 : 2}:33`;
  let vrrpd: ChildProcess | undefined;
  const vtysh = (...commands: string[]): string =>
    lan.exec(host, 'vtysh', '--vty_socket', lan.dir, '-d', 'vrrpd', ...commands.flatMap((one) => ['-c', one]));
  const link = (): string => lan.ip(host, `-d -o link show ${MACVLAN}`);
  const start = (name: string, ...options: string[]): ChildProcess => {
    const common = ['-z', file('zserv.api'), '--vty_socket', lan.dir, '-i', file(`${name}.pid`), '--log', 'syslog'];
    return lan.spawn(host, [`/usr/lib/frr/${name}`, '-f', file(`${name}.conf`), ...common, ...options]);
  };
  return {
    // IPv6: from the macvlan's own link-local address, made of the virtual MAC
    source: conf.family === 4 ? ownAddress(host, 4) : 'fe80::200:5eff:fe00:233',
    start: async () => {
      execFileSync('chown', ['frr', lan.dir]); // it gives up root, and its sockets lie there
      lan.ip(host, `link add ${MACVLAN} link eth1 address ${mac} type macvlan mode bridge`);
      for (const vip of conf.vips) lan.ip(host, `addr add ${vip}/${conf.family === 4 ? 24 : 64} dev ${MACVLAN}`);
      lan.ip(host, `link set ${MACVLAN} up`);
      writeFileSync(file('zebra.conf'), '');
      writeFileSync(file('vrrpd.conf'), confText(conf));
      start('zebra');
      // a vrrpd that does not find zebra tries again much later only
      await until('zebra listens', () => existsSync(file('zserv.api')));
      vrrpd = start('vrrpd');
      const takesPart = new RegExp(`Status \\(v${conf.family}\\) +(Backup|Master)`);
      await until('vrrpd listens', () => existsSync(file('vrrpd.vty')));
      await until('vrrpd takes part', () => takesPart.test(vtysh('show vrrp')), 15_000, 250);
    },
    setPriority: (priority) => {
      vtysh('configure terminal', 'interface eth1', `vrrp 51 priority ${priority}`);
    },
    stop: () => void vrrpd?.kill('SIGTERM'),
    crash: async () => {
      const ended = new Promise<void>((done) => vrrpd?.on('exit', () => done()));
      vrrpd?.kill('SIGKILL');
      await ended;
    },
    holds: (address) => !link().includes('protodown on') && lan.ip(host, `-o addr show dev ${MACVLAN}`).includes(` ${address}/`), // biome-ignore format: a condition
  };
};

function confText({ version, family, priority, preempt, intervalMs, vips }: SpeakerConf): string {
  const lines = [
    `vrrp 51 version ${version}`,
    `vrrp 51 priority ${priority}`,
    `vrrp 51 advertisement-interval ${intervalMs}`,
    preempt ? 'vrrp 51 preempt' : 'no vrrp 51 preempt',
    ...vips.map((vip) => `vrrp 51 ${family === 4 ? 'ip' : 'ipv6'} ${vip}`),
  ];
  return `interface eth1\n ${lines.join('\n ')}\nexit\n`;
}
