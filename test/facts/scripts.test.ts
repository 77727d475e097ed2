/** The script parts, run for real by the shells of the hosts: dash, and bash as POSIX sh. They only read. */
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { machine, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { agentFact } from '../../src/facts/agent.ts';
import { CLOCK_GRAIN_MS, clockFact } from '../../src/facts/clock.ts';
import { firewallFact } from '../../src/facts/firewall.ts';
import { keepalivedFact } from '../../src/facts/keepalived.ts';
import { modulesFact } from '../../src/facts/modules.ts';
import { networkFact } from '../../src/facts/network.ts';
import { rivalsFact } from '../../src/facts/rivals.ts';
import { rootProgramsFact } from '../../src/facts/root-programs.ts';
import { routesFact } from '../../src/facts/routes.ts';
import { sysctlPath, sysctlsIn } from '../../src/facts/sysctls.ts';
import { systemFact } from '../../src/facts/system.ts';
import { textsFact } from '../../src/facts/texts.ts';
import { tunnelsFact } from '../../src/facts/tunnels.ts';
import { unitsFact } from '../../src/facts/units.ts';

const folder = mkdtempSync(join(tmpdir(), 'facts-'));
afterAll(() => rmSync(folder, { recursive: true }));

const SHELLS: readonly (readonly [string, readonly string[]])[] = [
  ['dash', ['-u']],
  ['bash', ['--posix', '-u']],
];

describe.each(SHELLS)('%s', (shell, options) => {
  const run = (script: string) =>
    execFileSync(shell, [...options, '-c', `f() {\n${script}\n}\nf </dev/null`], { encoding: 'utf8' });

  it('tells this machine', () => {
    const facts = systemFact.parse(run(systemFact.script({ release: 'none' })));
    expect(facts.kernel).toMatch(/^\d+\.\d+/);
    expect(facts.distribution).toContain('debian');
    expect(facts.architecture).toBe(process.arch);
    expect([machine(), null]).toContain(facts.machine);
    expect(facts.glibc).toMatch(/^2\.\d+$/);
  });

  it('tells the wall clock of this machine, and none where there is no /proc', () => {
    const before = Date.now();
    const clock = clockFact.parse(run(clockFact.script(null))) ?? 0;
    expect(clock).toBeGreaterThan(before - CLOCK_GRAIN_MS);
    expect(clock).toBeLessThanOrEqual(Date.now() + 10); // /proc/uptime rounds, too
    expect(clockFact.parse(run(clockFact.script({ root: join(folder, 'none') })))).toBeNull();
  });

  it('reads files byte for byte, numbers below /proc/sys whole, and leaves out what is not there', () => {
    const contents = ['text\n\n', '', 'no end', '\n', 'last\n'];
    const paths = contents.map((content, at) => {
      const path = join(folder, `text ${at}`);
      writeFileSync(path, content);
      return path;
    });
    const [first = '', ...rest] = paths;
    const [number, missing] = ['kernel.pid_max', 'net.ipv4.vs.no_such_key'].map(sysctlPath);
    const asked = [number!, missing!, first, join(folder, 'missing'), folder, ...rest];
    const texts = textsFact.parse(run(textsFact.script(asked)));
    expect(paths.map((path) => texts[path])).toEqual(contents);
    expect(Number(sysctlsIn(texts)['kernel.pid_max'])).toBeGreaterThan(1000);
    expect(texts).not.toHaveProperty(missing!);
    expect(Object.keys(texts)).not.toContain(join(folder, 'missing'));
  });

  it('reads the network, and nothing from a table that is not there', () => {
    const question = { table: 19_542, destinations: [], interfaces: ['lo', 'none0'], ipv6: false };
    const facts = networkFact.parse(run(networkFact.script(question)));
    expect(facts.addresses).toContainEqual({ device: 'lo', address: '127.0.0.1', prefixLength: 8 });
    expect(facts.rules.map(({ table }) => table)).toContain('main');
    expect(facts.up).toEqual(['lo']);
    expect(facts.returnVias).toEqual([]);
    const both = networkFact.parse(run(networkFact.script({ ...question, ipv6: true })));
    expect(both.rules.length).toBeGreaterThan(facts.rules.length);
    for (const [path, count] of [
      ['/', both.rules.length],
      ['/nothing here', facts.rules.length],
    ] as const) {
      const asked = networkFact.script({ ...question, ipv6: { ifThereIs: path } });
      expect(networkFact.parse(run(asked)).rules).toHaveLength(count);
    }
  });

  it('asks for tunnels only where there may be some', () => {
    const facts = tunnelsFact.parse(run(tunnelsFact.script({ greDevice: 'none0' })));
    expect(facts.gre).toBeNull();
    expect(run(tunnelsFact.script({ greDevice: 'lo' }))).toContain('LOOPBACK');
  });

  it('asks for routes only where there may be tunnels', () => {
    expect(run(routesFact.script({ tunnelled: false, tunnelDevices: ['none0', 'none1'] }))).toBe('');
    expect(run(routesFact.script({ tunnelled: true, tunnelDevices: [] }))).toMatch(/^mtu lo \d+$/m);
    expect(run(routesFact.script({ tunnelled: false, tunnelDevices: ['none0', 'lo'] }))).toMatch(/^mtu lo \d+$/m);
  });

  it('tells whole releases by their stamps, of this version and the one before, from what a cut off upload left', () => {
    const root = join(folder, `agent-${shell}`);
    const release = (name: string, stamp: string | null) => {
      mkdirSync(join(root, 'releases', name), { recursive: true });
      if (stamp !== null) writeFileSync(join(root, 'releases', name, 'stamp'), stamp);
    };
    release('aa', 'aa\n11\n');
    release('bb', 'bb\n11\nb0\n');
    release('cc', null);
    mkdirSync(join(root, 'incoming'));
    symlinkSync(join(root, 'releases/bb'), join(root, 'current'));
    const key = join(root, 'exchange.key');
    writeFileSync(key, `${'0'.repeat(32)}\n${'1'.repeat(64)}\n`);
    const facts = agentFact.parse(run(agentFact.script({ root, socket: root, command: '/bin/sh', exchangeKey: key })));
    expect(facts).toMatchObject({
      current: 'bb',
      releases: ['aa', 'bb'],
      nodes: { 11: 'bb' },
      vrrpParts: { bb: 'b0' },
      exchangeKey: '0'.repeat(32),
    });
    expect(facts.leftovers).toEqual([join(root, 'releases/cc'), join(root, 'incoming')]);
  });

  it.runIf(process.getuid?.() === 0)('finds what others than root can change on the way to a program', () => {
    const open = join(folder, `open-${shell}`);
    mkdirSync(open);
    const own = join(folder, `own-${shell}`);
    mkdirSync(own, { mode: 0o755 });
    for (const name of [join(open, 'x'), join(own, 'safe'), join(own, 'loose')])
      writeFileSync(name, '', { mode: 0o755 });
    chmodSync(open, 0o777);
    chmodSync(join(own, 'loose'), 0o775);
    chmodSync(folder, 0o755);
    symlinkSync(join(own, 'safe'), join(own, 'link'));
    symlinkSync(join(open, 'x'), join(own, 'away'));
    const paths = [
      join(open, 'x'),
      ...['safe', 'loose', 'link', 'away', 'none'].map((name) => join(own, name)),
      '/bin/sh',
    ];
    expect(rootProgramsFact.parse(run(rootProgramsFact.script(paths)))).toEqual({
      [join(open, 'x')]: `open-${shell}`,
      [join(own, 'loose')]: 'loose',
      [join(own, 'away')]: `open-${shell}`,
    });
  });

  it('finds keepalived, how it was started, and all files of its configuration', () => {
    const root = join(folder, `keepalived-${shell}`);
    const nothing = { installed: false, config: '/etc/keepalived/keepalived.conf', files: {} };
    expect(keepalivedFact.parse(run(keepalivedFact.script({ root })))).toEqual(nothing);
    const file = (path: string, content: string, mode = 0o644) => {
      mkdirSync(join(root, path, '..'), { recursive: true });
      writeFileSync(join(root, path), content, { mode });
    };
    file('usr/sbin/keepalived', '', 0o755);
    file('etc/default/keepalived', '# Options\nDAEMON_ARGS="-D -f /etc/keepalived/shop.conf"\n');
    file('etc/keepalived/shop.conf', 'include conf.d/*.conf\n');
    file('etc/keepalived/conf.d/a b.conf', 'files\nno end');
    file('etc/keepalived/notes.txt', 'x');
    expect(keepalivedFact.parse(run(keepalivedFact.script({ root })))).toEqual({
      installed: true,
      config: '/etc/keepalived/shop.conf',
      files: {
        [`${root}/etc/keepalived/shop.conf`]: 'include conf.d/*.conf\n',
        [`${root}/etc/keepalived/conf.d/a b.conf`]: 'files\nno end',
      },
    });
    // What it was really started with goes first.
    file('run/keepalived.pid', `${process.pid}\n`);
    expect(keepalivedFact.parse(run(keepalivedFact.script({ root }))).config).toBe('/etc/keepalived/keepalived.conf');
  });

  it('tells who manages an interface, and who does so gently', () => {
    const root = join(folder, `rivals-${shell}`);
    const file = (path: string, content: string) => {
      mkdirSync(join(root, path, '..'), { recursive: true });
      writeFileSync(join(root, path), content);
    };
    const links: readonly (readonly [name: string, index: number, link: string | null])[] = [
      ['eth0', 2, 'ADMIN_STATE=configured\nNETWORK_FILE=/etc/systemd/network/plain.network\n'],
      ['eth1', 3, 'ADMIN_STATE=configured\nNETWORK_FILE=/etc/systemd/network/keeps.network\n'],
      ['eth2', 4, 'ADMIN_STATE=configured\nNETWORK_FILE=/run/systemd/network/dropped.network\n'],
      ['eth3', 5, 'ADMIN_STATE=unmanaged\n'],
      ['eth4', 6, null],
    ];
    for (const [name, index, link] of links) {
      file(`sys/class/net/${name}/ifindex`, `${index}\n`);
      if (link !== null) file(`run/systemd/netif/links/${index}`, `# comment\n${link}`);
    }
    file('etc/systemd/network/plain.network', '[Network]\nKeepConfiguration=static\n');
    file('etc/systemd/network/keeps.network', '[Network]\n KeepConfiguration = yes\n');
    file('run/systemd/network/dropped.network', '[Network]\nDHCP=no\n');
    file('etc/systemd/network/dropped.network.d/10-lvs.conf', '[Network]\nKeepConfiguration=dynamic\n');
    file('run/NetworkManager/devices/5', '[device]\nmanaged=false\n');
    file('run/NetworkManager/devices/6', '[device]\nmanaged=true\nconnection-uuid=1\n');
    file('run/dhcpcd/pid', `${process.pid}\n`);
    file(
      'proc/net/ip_vs',
      `IP Virtual Server version 1.2.1 (size=4096)
Prot LocalAddress:Port Scheduler Flags
  -> RemoteAddress:Port Forward Weight ActiveConn InActConn
TCP  0A4D0164:0050 wrr
  -> 0A4D0115:0050      Route   1      0          0
UDP  [2001:0db8:0000:0000:0000:0000:0000:0001]:0035 rr ops
FWM  00000006 wlc persistent 360 FFFFFFFF
`,
    );
    const asked = { interfaces: links.map(([name]) => name), socket: join(root, 'none'), root };
    expect(rivalsFact.parse(run(rivalsFact.script(asked)))).toEqual({
      networkd: { eth0: '/etc/systemd/network/plain.network' },
      networkManager: ['eth4'],
      dhcpcd: true,
      services: ['tcp 10.77.1.100:80', 'udp [2001:db8::1]:53', 'fwm 6'],
    });
  });

  it('ends well where there is nothing to be found', () => {
    const empty = { interfaces: ['none'], socket: '/none', root: join(folder, 'nowhere') };
    expect(rivalsFact.parse(run(rivalsFact.script(empty)))).toMatchObject({ networkd: {}, services: [] });
    const nowhere = join(folder, 'nowhere');
    const asked = { root: nowhere, socket: nowhere, command: nowhere, exchangeKey: nowhere };
    expect(agentFact.parse(run(agentFact.script(asked)))).toMatchObject({
      silence: 'it is not running',
      exchangeKey: null,
    });
    expect(modulesFact.parse(run(modulesFact.script(['no_such_module'])))).toEqual({ no_such_module: 'absent' });
    expect(unitsFact.parse(run(unitsFact.script([{ name: 'no-such.service', socket: nowhere }])))).toEqual({});
    expect(run(firewallFact.script(null))).toBeTypeOf('string');
  });
});
