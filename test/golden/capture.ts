/**
 * Captures VRRP packets of a real keepalived and a real FRR vrrpd into test/golden/vrrp.json, the way to make them anew:
 *   bin/run node test/golden/capture.ts        (root; keepalived, frr, tcpdump and iproute2 installed)
 * Each daemon runs in a network namespace of its own, tcpdump listens at the other end of its veth. What a packet should say
 * is taken from the configuration that the daemon was given, never from our own codec. Version 3 without the pseudo-header is
 * not among them: neither keepalived 2.2.7 nor FRR 8.4 can be told to send it.
 */
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import ipaddr from 'ipaddr.js';

interface Case {
  readonly name: string;
  readonly daemon: 'keepalived' | 'frr';
  readonly version: 2 | 3;
  readonly vrid: number;
  readonly priority: number;
  readonly addresses: readonly string[];
  readonly advertIntervalMs: number;
  readonly password: string | null;
  readonly checksum: 'pseudo-header' | 'plain';
  readonly peer: string | null;
}

interface Packet {
  readonly source: string;
  readonly destination: string;
  readonly ttl: number;
  readonly payload: Buffer;
}

const PEER = '10.9.0.2';
const PEER_V6 = 'fd09::2';
const plainCase = {
  vrid: 51,
  priority: 200,
  addresses: ['10.9.0.100'],
  advertIntervalMs: 1000,
  password: null,
  peer: null,
};
const CASES: readonly Case[] = [
  { ...plainCase, name: 'keepalived-v2-none', daemon: 'keepalived', version: 2, checksum: 'plain' },
  { ...plainCase, name: 'keepalived-v2-pass', daemon: 'keepalived', version: 2, checksum: 'plain', password: 's3cret' },
  { ...plainCase, name: 'keepalived-v2-pass-unicast', daemon: 'keepalived', version: 2, checksum: 'plain', password: '12345678', peer: PEER, advertIntervalMs: 2000 },
  { ...plainCase, name: 'keepalived-v3', daemon: 'keepalived', version: 3, checksum: 'pseudo-header', advertIntervalMs: 250 },
  { ...plainCase, name: 'keepalived-v3-unicast', daemon: 'keepalived', version: 3, checksum: 'pseudo-header', peer: PEER, addresses: ['10.9.0.100', '10.9.0.101', '192.0.2.7'] },
  { ...plainCase, name: 'frr-v2', daemon: 'frr', version: 2, checksum: 'plain' },
  { ...plainCase, name: 'frr-v3', daemon: 'frr', version: 3, checksum: 'pseudo-header', addresses: ['10.9.0.100', '10.9.0.101'] },
  { ...plainCase, name: 'keepalived-v3-ipv6', daemon: 'keepalived', version: 3, checksum: 'pseudo-header', addresses: ['fe80::100', 'fd09::100'] },
  { ...plainCase, name: 'keepalived-v3-ipv6-unicast', daemon: 'keepalived', version: 3, checksum: 'pseudo-header', peer: PEER_V6, addresses: ['fd09::100'] },
  { ...plainCase, name: 'frr-v3-ipv6', daemon: 'frr', version: 3, checksum: 'pseudo-header', addresses: ['fe80::100', 'fd09::100'] },
]; // biome-ignore format: a table

const [INSIDE, OUTSIDE] = [`golden-in-${process.pid}`, `golden-out-${process.pid}`];
const run = (command: string, ...args: string[]): string =>
  execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
const ip = (line: string): string => run('ip', ...line.split(' '));
const isV6 = ({ addresses: [first] }: Case): boolean => first?.includes(':') ?? false;

function keepalivedConf(one: Case): string {
  const instance = [
    `version ${one.version}`,
    'state MASTER',
    'interface veth0',
    `virtual_router_id ${one.vrid}`,
    `priority ${one.priority}`,
    `advert_int ${one.advertIntervalMs / 1000}`,
    one.password === null ? '' : `authentication { \n auth_type PASS\n auth_pass ${one.password}\n }`,
    one.peer === null ? '' : `unicast_src_ip ${isV6(one) ? 'fd09::1' : '10.9.0.1'}\n unicast_peer {\n ${one.peer}\n }`,
    `virtual_ipaddress {\n ${one.addresses.map((address) => `${address}/${isV6(one) ? 128 : 32}`).join('\n ')}\n }`,
  ];
  return `global_defs {\n router_id golden\n}\nvrrp_instance V {\n ${instance.join('\n ')}\n}\n`;
}

function frrConf(one: Case): string {
  const { vrid } = one;
  const lines = [
    `vrrp ${vrid} version ${one.version}`,
    `vrrp ${vrid} priority ${one.priority}`,
    `vrrp ${vrid} advertisement-interval ${one.advertIntervalMs}`,
    ...one.addresses.map((address) => `vrrp ${vrid} ${isV6(one) ? 'ipv6' : 'ip'} ${address}`),
  ];
  return `interface veth0\n ${lines.join('\n ')}\nexit\n`;
}

type Stop = () => Promise<void>;

function start(...command: string[]): Stop {
  const child = spawn('ip', ['netns', 'exec', INSIDE, ...command], { stdio: 'ignore' });
  const ended = new Promise<void>((done) => child.on('exit', () => done()));
  return async () => {
    child.kill('SIGTERM');
    await ended;
  };
}

async function startDaemon(one: Case, dir: string): Promise<Stop> {
  if (one.daemon === 'keepalived') {
    const conf = join(dir, 'keepalived.conf');
    writeFileSync(conf, keepalivedConf(one));
    return start('keepalived', '-n', '-P', '-f', conf, '-p', join(dir, 'ka.pid'), '-r', join(dir, 'vrrp.pid'));
  }
  run('chown', 'frr', dir); // vrrpd gives up root, and its sockets lie there
  const family = isV6(one) ? '02' : '01';
  ip(`-n ${INSIDE} link add vrrp link veth0 type macvlan mode bridge`);
  ip(`-n ${INSIDE} link set vrrp address 00:00:5e:00:${family}:${one.vrid.toString(16).padStart(2, '0')}`);
  for (const address of one.addresses) ip(`-n ${INSIDE} addr add ${address}/${isV6(one) ? 64 : 24} dev vrrp`);
  ip(`-n ${INSIDE} link set vrrp up`);
  const options = (name: string): string[] => ['-z', join(dir, 'zserv.api'), '--vty_socket', dir, '-i', join(dir, `${name}.pid`), '--log', 'syslog']; // biome-ignore format: a command line
  const conf = join(dir, 'vrrpd.conf');
  const zebraConf = join(dir, 'zebra.conf');
  writeFileSync(conf, frrConf(one));
  writeFileSync(zebraConf, '');
  const stopZebra = start('/usr/lib/frr/zebra', '-f', zebraConf, ...options('zebra'));
  await sleep(500);
  const stopVrrpd = start('/usr/lib/frr/vrrpd', '-f', conf, ...options('vrrpd'));
  return async () => {
    await stopVrrpd();
    await stopZebra();
  };
}

/** Frames of a pcap file (pcap-savefile(5)). */
function framesOf(file: string): Buffer[] {
  const bytes = readFileSync(file);
  const frames: Buffer[] = [];
  for (let at = 24; at + 16 <= bytes.length; ) {
    const length = bytes.readUInt32LE(at + 8);
    frames.push(bytes.subarray(at + 16, at + 16 + length));
    at += 16 + length;
  }
  return frames;
}

/** The VRRP packets among them. */
function packetsOf(file: string): Packet[] {
  const packets: Packet[] = [];
  for (const frame of framesOf(file)) {
    const header = frame.subarray(14);
    if (frame.readUInt16BE(12) === 0x86dd && header.readUInt8(6) === 112) packets.push(packetV6(header));
    if (frame.readUInt16BE(12) !== 0x0800) continue;
    const headerLength = (header.readUInt8(0) & 0x0f) * 4;
    const dotted = (offset: number): string => [...header.subarray(offset, offset + 4)].join('.');
    const payload = header.subarray(headerLength, header.readUInt16BE(2));
    packets.push({ source: dotted(12), destination: dotted(16), ttl: header.readUInt8(8), payload });
  }
  return packets;
}

function packetV6(header: Buffer): Packet {
  const text = (offset: number): string => ipaddr.fromByteArray([...header.subarray(offset, offset + 16)]).toString();
  const payload = header.subarray(40, 40 + header.readUInt16BE(4));
  return { source: text(8), destination: text(24), ttl: header.readUInt8(7), payload };
}

/** ARP: whoever has the address asks for it, and is told by nobody. IPv6: a neighbour advertisement of it to all nodes. */
function announcementsOf(file: string, address: string): string[] {
  const wanted = Buffer.from(ipaddr.parse(address).toByteArray());
  const isAnnouncement = (frame: Buffer): boolean =>
    wanted.length === 4
      ? frame.readUInt16BE(12) === 0x0806 && frame.subarray(28, 32).equals(wanted)
      : frame.subarray(0, 6).toString('hex') === '333300000001' && frame.subarray(62, 78).equals(wanted);
  return framesOf(file)
    .filter(isAnnouncement)
    .map((frame) => frame.toString('hex'));
}

async function capture(one: Case, announcements: Map<string, string>): Promise<object[]> {
  const dir = mkdtempSync(join(tmpdir(), 'golden-'));
  const pcap = join(dir, 'out.pcap');
  ip(`netns add ${INSIDE}`);
  ip(`netns add ${OUTSIDE}`);
  try {
    for (const key of ['all.forwarding=1', 'default.forwarding=1', 'all.accept_dad=0', 'default.accept_dad=0'])
      run('ip', 'netns', 'exec', INSIDE, 'sysctl', '-qw', `net.ipv6.conf.${key}`);
    ip(`-n ${INSIDE} link add veth0 address 02:00:00:00:00:01 type veth peer name veth1 netns ${OUTSIDE}`);
    ip(`-n ${INSIDE} addr add 10.9.0.1/24 dev veth0`);
    ip(`-n ${INSIDE} addr add fd09::1/64 dev veth0 nodad`);
    ip(`-n ${OUTSIDE} addr add ${PEER}/24 dev veth1`);
    ip(`-n ${OUTSIDE} addr add ${PEER_V6}/64 dev veth1 nodad`);
    for (const [namespace, link] of [[INSIDE, 'veth0'], [INSIDE, 'lo'], [OUTSIDE, 'veth1']]) ip(`-n ${namespace} link set ${link} up`); // biome-ignore format: short
    const dump = spawn('ip', ['netns', 'exec', OUTSIDE, 'tcpdump', '-U', '-i', 'veth1', '-w', pcap, 'ip proto 112 or ip6 proto 112 or arp or icmp6'], { stdio: 'ignore' }); // biome-ignore format: a command line
    await sleep(500);
    const stop = await startDaemon(one, dir);
    for (let tries = 0; tries < 100 && packetsOf(pcap).length === 0; tries++) await sleep(200);
    await stop();
    await sleep(300);
    dump.kill('SIGTERM');
    await new Promise((done) => dump.on('exit', done));
    const packets = packetsOf(pcap);
    const address = one.addresses.at(-1) ?? '';
    for (const frame of announcementsOf(pcap, address).slice(0, 1))
      if (one.daemon === 'keepalived' && !announcements.has(address)) announcements.set(address, frame);
    const [first, last] = [packets.at(0), packets.at(-1)];
    if (first === undefined || last === undefined) throw new Error(`${one.name}: nothing was sent`);
    const { daemon: _daemon, name, peer: _peer, ...configured } = one;
    const entry = (suffix: string, packet: Packet, priority: number): object => ({
      name: name + suffix,
      source: packet.source,
      destination: packet.destination,
      ttl: packet.ttl,
      configured: { ...configured, priority },
      hex: packet.payload.toString('hex'),
    });
    const stopped = last !== first && last.payload[2] === 0 ? [entry('-stop', last, 0)] : [];
    return [entry('', first, one.priority), ...stopped];
  } finally {
    ip(`netns del ${INSIDE}`);
    ip(`netns del ${OUTSIDE}`);
    rmSync(dir, { recursive: true, force: true });
  }
}

const version = (command: string): string => run('sh', '-c', `${command} --version 2>&1 | head -n 1`).trim();
const packets: object[] = [];
const announcements = new Map<string, string>();
for (const one of CASES) {
  if (process.argv[2] !== undefined && !one.name.includes(process.argv[2])) continue;
  process.stderr.write(`${one.name}\n`);
  packets.push(...(await capture(one, announcements)));
}
const made = { keepalived: version('keepalived'), frr: version('/usr/lib/frr/vrrpd'), by: 'test/golden/capture.ts' };
writeFileSync(
  new URL('./vrrp.json', import.meta.url),
  `${JSON.stringify({ made, announcements: Object.fromEntries(announcements), packets }, null, 2)}\n`,
);
