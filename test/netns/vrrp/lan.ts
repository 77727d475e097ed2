/**
 * A network segment of namespaces for VRRP: hosts on a bridge an interface. Programs started in it end, and everything goes
 * away, with {@link VrrpLan.close}.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { VRRP_AND_ANNOUNCEMENTS, Witness } from './witness.ts';

/** Where the bridges are. */
const LAN = 'lan';

interface Watched {
  readonly host?: string;
  readonly on?: 'eth1' | 'eth2';
  readonly filter?: string;
}

export class VrrpLan {
  readonly dir = mkdtempSync(join(tmpdir(), 'vrrp-lan-'));
  readonly #prefix: string;
  readonly #hosts: string[] = [];
  readonly #children: ChildProcess[] = [];
  static #count = 0;

  constructor() {
    this.#prefix = `vl${process.pid}-${VrrpLan.#count++}`;
    this.#addNamespace(LAN);
    // a bridge an interface: on one, hosts would answer ARP for eth1's address with the MAC of eth2
    this.#batch(
      LAN,
      ['eth1', 'eth2'].flatMap((name) => [
        `link add br-${name} type bridge forward_delay 0 mcast_snooping 0`,
        `link set br-${name} up`,
      ]),
    );
  }

  /**
   * Sees everything that is sent on a host's interface, or by default on the segment of all eth1's.
   * @param filter narrower where a flood would make tcpdump lose packets
   */
  watch({ host = LAN, on = 'eth1', filter = VRRP_AND_ANNOUNCEMENTS }: Watched = {}): Promise<Witness> {
    const device = host === LAN ? `br-${on}` : on;
    // room for a burst of thousands of small frames, which tcpdump writes slower than they come
    const room = ['-B', '16384', '-s', '1600'];
    const dump = ['tcpdump', '-n', '-U', '-w', '-', '--immediate-mode', ...room, '-i', device, filter];
    return Witness.of(this.spawn(host, dump));
  }

  /**
   * A host with `eth1` and perhaps `eth2`, each on its segment and each with an address or several. Its link-local addresses come
   * from its MACs, 02:00:00:00:01:01 for eth1 of the first host; no address waits for duplicate address detection.
   */
  addHost(host: string, addresses: Readonly<Record<string, string | readonly string[]>>): void {
    this.#addNamespace(host);
    const number = this.#hosts.length - 1;
    const interfaces = Object.entries(addresses).map(([name, own]) => ({ name, own: [own].flat() }));
    this.exec(host, 'sysctl', '-qw', 'net.ipv6.conf.all.accept_dad=0', 'net.ipv6.conf.default.accept_dad=0');
    this.#batch(
      host,
      interfaces.flatMap(({ name, own }) => [
        `link add ${name} address ${macOf(name, number)} type veth peer name ${host}${name} netns ${this.namespace(LAN)}`,
        ...own.map((address) => `addr add ${address}/${address.includes(':') ? '64' : '24'} dev ${name}`),
        `link set ${name} up`,
      ]),
    );
    this.#batch(
      LAN,
      interfaces.map(({ name }) => `link set ${host}${name} master br-${name} up`),
    );
  }

  namespace(host: string): string {
    return `${this.#prefix}-${host}`;
  }

  /** `fe80::…` of a host's interface. */
  linkLocal(host: string, name = 'eth1'): string {
    const [, , , , high, low] = macOf(name, this.#hosts.indexOf(host)).split(':');
    return `fe80::ff:fe00:${Number(high)}${low}`;
  }

  ip(host: string, line: string): string {
    return execFileSync('ip', ['-n', this.namespace(host), ...line.split(' ')], { encoding: 'utf8' });
  }

  exec(host: string, ...command: string[]): string {
    return execFileSync('ip', ['netns', 'exec', this.namespace(host), ...command], { encoding: 'utf8' });
  }

  /** A program in a host; killed with the segment. */
  spawn(host: string, command: readonly string[]): ChildProcess {
    const child = spawn('ip', ['netns', 'exec', this.namespace(host), ...command], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#children.push(child);
    return child;
  }

  /** Breaks or mends the cable of a host, unseen by the host (its carrier stays). */
  cut(host: string, name = 'eth1'): void {
    this.ip(LAN, `link set ${host}${name} nomaster`);
  }

  heal(host: string, name = 'eth1'): void {
    this.ip(LAN, `link set ${host}${name} master br-${name}`);
  }

  /** Takes a host's carrier away, or gives it back. */
  unplug(host: string, name = 'eth1'): void {
    this.ip(LAN, `link set ${host}${name} down`);
  }

  plug(host: string, name = 'eth1'): void {
    this.ip(LAN, `link set ${host}${name} up`);
  }

  /** On an interface where others see it. */
  has(host: string, address: string): boolean {
    const lines = this.ip(host, '-o addr show').split('\n');
    return lines.some((line) => line.includes(` ${address}/`) && !/^\d+: lo /.test(line));
  }

  /** Seconds that it stays on the loopback; undefined: it is not there. */
  silentSeconds(host: string, address: string): number | undefined {
    const lines = this.ip(host, '-o addr show dev lo').split('\n');
    const [, seconds] = /valid_lft (\d+)sec/.exec(lines.find((line) => line.includes(` ${address}/`)) ?? '') ?? [];
    return seconds === undefined ? undefined : Number(seconds);
  }

  close(): void {
    for (const child of this.#children) child.kill('SIGKILL');
    for (const host of this.#hosts) execFileSync('ip', ['netns', 'del', this.namespace(host)]);
    rmSync(this.dir, { recursive: true, force: true });
  }

  #addNamespace(host: string): void {
    execFileSync('ip', ['netns', 'add', this.namespace(host)]);
    this.#hosts.push(host);
    this.ip(host, 'link set lo up');
  }

  /** One program for many lines. */
  #batch(host: string, lines: readonly string[]): void {
    execFileSync('ip', ['-n', this.namespace(host), '-batch', '-'], { input: `${lines.join('\n')}\n` });
  }
}

function macOf(name: string, number: number): string {
  return `02:00:00:00:0${name.at(-1)}:0${number}`;
}
