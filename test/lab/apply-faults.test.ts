/**
 * What can be wrong with hosts and connections when an apply meets them: each time one sentence with host, cause and next
 * step, the exit code that stands for it, nothing half done on the host, and an apply afterwards that makes it good.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { script } from '../../vm-lab/exec.ts';
import { cut, heal } from '../../vm-lab/faults.ts';
import type { Machine } from '../../vm-lab/layout.ts';
import { apply, ask, holders, lvsctl, type Ran, topology } from './cluster.ts';
import { eventually, labForTests } from './lab-for-tests.ts';
import { startLvsctl } from './running.ts';

const lab = labForTests();
const URL = 'http://10.77.1.100/';

/** Cases that differ from one of the quick run only in where they happen, or take half a minute each: in the full counts. */
const inFull = it.runIf(inject('soak'));

let folder = '';
let edition = 0;
/** What was applied last. */
let inForce = topology('dr');

/** dr.yaml with something to change on every director that has another edition. */
async function nextEdition(extra = ''): Promise<string> {
  edition += 1;
  const text = await readFile(topology('dr'), 'utf8');
  const path = join(folder, `dr-${edition}.yaml`);
  await writeFile(path, `${text.replace('status: 200 }', `status: 200, interval: ${4000 + edition}ms }`)}${extra}`);
  return path;
}

/** The lab's inventory with something else in it. */
async function inventory(name: string, from: string | RegExp, to: string): Promise<string> {
  const text = await readFile(lab().place.inventory, 'utf8');
  const path = join(folder, `${name}.yaml`);
  const changed = text.replace(from, to);
  expect(changed).not.toBe(text);
  await writeFile(path, changed);
  return path;
}

const applying = (path: string, from?: string) => startLvsctl(lab(), ['apply', path, '--yes'], from);

/** One message that has the host and all the words in it, in one piece with its next step. */
function expectTold(ran: Ran, exitCode: number, host: Machine, ...words: RegExp[]): void {
  const messages = ran.stderr.split(/\n(?! )/).filter((line) => /^error: |FAILED: /.test(line));
  expect(
    messages.filter((line) => new RegExp(`(error: |\\d )${host}\\b`).test(line)),
    ran.stderr,
  ).toHaveLength(1);
  const [message = ''] = messages;
  for (const word of words) expect(message).toMatch(word);
  expect(ran.stdout + ran.stderr).not.toMatch(/^\s+at .*:\d+:\d+|\[object |\{"|undefined|unexpected/m);
  expect(ran.exitCode).toBe(exitCode);
}

/** Nothing of ours that is neither old nor new; every release whole; nobody has the lock. */
async function expectNothingHalf(...machines: readonly Machine[]): Promise<void> {
  const look = async (machine: Machine) => [
    machine,
    await script(
      lab(),
      machine,
      `find /etc /usr/local /run /opt /var/lib -xdev '(' -name '*.lvsctl-new' -o -path '/opt/*/incoming*' -o -name 'lvsctl.lock*' ')'
       for d in /opt/lvs-agent/releases/*/; do [ -f "$d/stamp" ] || [ "$d" = '/opt/lvs-agent/releases/*/' ] || echo "half $d"; done`,
    ),
  ];
  expect(await Promise.all(machines.map(look))).toEqual(machines.map((machine) => [machine, '']));
}

/** The next apply makes it good, and a plan after it has nothing to do. What was refused before it began had nothing to do before. */
async function expectConverges(path = inForce): Promise<void> {
  const ran = await lvsctl(lab(), ['apply', path, '--yes']);
  expect(ran.exitCode, ran.stdout + ran.stderr).toBe(0);
  const planned = path === inForce ? ran : await lvsctl(lab(), ['plan', path]);
  expect(planned.stdout).toMatch(/^Nothing to change$/m);
  expect(planned.exitCode).toBe(0);
  inForce = path;
  await expectNothingHalf('lb1', 'lb2', 'web1', 'web2');
  expect(await ask(lab(), URL, 9)).toEqual({ web1: 3, web2: 6 });
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'faults-'));
  await apply(lab(), 'dr');
});

afterAll(() => rm(folder, { recursive: true, force: true }));

describe('a host that cannot be reached', () => {
  it('is a realserver: the rest is done, unless the directors would send it what it does not know', async () => {
    await cut(lab(), 'web2', 'mgmt');
    const path = await nextEdition();
    const another = await nextEdition(
      '  other:\n    listen: 10.77.1.100:443\n    mode: dr\n    checks: [{ tcp: 443 }]\n    realservers: [web2]\n',
    );
    const [ran, refused] = await Promise.all([applying(path).ended, applying(another).ended]);
    expectTold(ran, 4, 'web2', /10\.77\.0\.22:22/, /timed out|No route/, /Check that it is up/);
    expect(ran.stdout).toMatch(/^web2 +: ok=0 +changed=0 +unreachable=1 +failed=0/m);
    expect(ran.stdout).toMatch(/^lb1 +: ok=\d+ +changed=[1-9]/m);
    expect(refused.exitCode).toBe(4);
    expect(refused.stderr).toMatch(/error: web2: the directors would send it requests of other.*; bring it back/);
    expect(refused.stdout).toMatch(/^lb1 +: ok=1 +changed=0/m);
    await heal(lab());
    await expectConverges(path);
  });

  it('is a director: nothing is begun', async () => {
    const away = await inventory('away', '10.77.0.12 }', '10.77.0.99 }');
    const ran = await applying(await nextEdition(), away).ended;
    expectTold(ran, 4, 'lb2', /10\.77\.0\.99:22/, /No route|timed out/, /Check that it is up/);
    expect(ran.stdout).toMatch(/^lb1 +: ok=1 +changed=0/m);
    await expectConverges();
  });
});

describe('a host that does not let us in', () => {
  it('refuses the key', async () => {
    await script(lab(), 'web2', 'mv /home/ops/.ssh/authorized_keys /home/ops/.ssh/away');
    try {
      const ran = await applying(inForce).ended;
      expectTold(ran, 7, 'web2', /login as ops was refused/, /place.key|key/, /Add your key to ops's authorized_keys/);
    } finally {
      await script(lab(), 'web2', 'mv /home/ops/.ssh/away /home/ops/.ssh/authorized_keys');
    }
  });

  it.each([
    [
      'shows another host key',
      true,
      /host key has changed: it shows ssh-ed25519 SHA256:\S+/,
      /ssh-keygen -R 10\.77\.0\.22 -f \S+/,
    ],
    ['shows a host key that nobody knows', false, /host key is not known/, /compare the fingerprint/],
  ] as const)('%s', async (_what, isOther, cause, step) => {
    const lines = (await readFile(lab().place.knownHosts, 'utf8'))
      .split('\n')
      .filter((line) => !line.startsWith('web2,'));
    const other = lines
      .find((line) => line.startsWith('web1,'))
      ?.replaceAll('web1', 'web2')
      .replace('.21', '.22');
    const known = join(folder, 'known_hosts');
    await writeFile(known, `${[...lines, ...(isOther ? [other] : [])].join('\n')}\n`);
    const ran = await applying(
      inForce,
      await inventory('known', /UserKnownHostsFile=\S+/, `UserKnownHostsFile=${known}`),
    ).ended;
    expectTold(ran, 7, 'web2', cause, step);
  });

  it('has a sudo that asks for a password', async () => {
    await script(lab(), 'lb2', "echo 'ops ALL=(ALL) ALL' >/etc/sudoers.d/ops");
    try {
      const ran = await applying(await nextEdition()).ended;
      expectTold(ran, 7, 'lb2', /sudo asks for a password/, /NOPASSWD in sudoers.*ansible_become_password/);
      expect(ran.stdout).toMatch(/^lb1 +: ok=1 +changed=0/m);
    } finally {
      await script(lab(), 'lb2', "echo 'ops ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/ops");
    }
    await expectConverges();
  });
});

describe('a host that is not fit to be a director', () => {
  inFull('has no ip_vs: nothing is begun, and the other one serves on', async () => {
    await script(
      lab(),
      'lb2',
      `systemctl stop lvs-agent; ipvsadm -C; ipvsadm --stop-daemon master || :; ipvsadm --stop-daemon backup || :
       rmmod $(lsmod | grep -o '^ip_vs_[a-z]*') ip_vs; mv /lib/modules/$(uname -r)/kernel/net/netfilter/ipvs /root/; depmod`,
    );
    const path = await nextEdition();
    try {
      const ran = await applying(path).ended;
      expect(ran.stderr).toMatch(/error: lb2: the kernel has no module ip_vs; install it: apt-get install /);
      expect(ran.stderr).toMatch(/error: lb2: the kernel has no module ip_vs_wrr;/);
      expect(ran.stdout).toMatch(/^lb2 +: ok=1 +changed=0 +unreachable=0 +failed=1/m);
      expect(ran.exitCode).toBe(2);
      expect(await ask(lab(), URL, 9)).toEqual({ web1: 3, web2: 6 });
      await expectNothingHalf('lb1', 'lb2');
    } finally {
      await script(lab(), 'lb2', 'mv /root/ipvs /lib/modules/$(uname -r)/kernel/net/netfilter/; depmod');
    }
    await expectConverges(path);
  });

  it.each([
    ['riscv64', /this host is riscv64; choose another host as director/],
    ['aarch64', /Node for arm64 is not installed here, .*; run lvsctl on a machine of that architecture/],
  ])('is of another architecture: %s', async (machine, words) => {
    await script(
      lab(),
      'lb2',
      `echo ${machine} >/root/arch; mount --bind /root/arch /proc/sys/kernel/arch; touch /lib/ld-linux-aarch64.so.1`,
    );
    try {
      const ran = await applying(await nextEdition()).ended;
      expectTold(ran, 2, 'lb2', words);
      expect(ran.stdout).toMatch(/^lb1 +: ok=1 +changed=0/m);
      await expectNothingHalf('lb1', 'lb2');
    } finally {
      await script(lab(), 'lb2', 'umount /proc/sys/kernel/arch; rm /lib/ld-linux-aarch64.so.1 /root/arch');
    }
  });
});

describe('a director whose disk', () => {
  /** The agent runs on from its own files; what is asked about is this file system. */
  async function onSmallDisk(mebibytes: number, work: () => Promise<void>): Promise<void> {
    await script(lab(), 'lb2', `mount -t tmpfs -o mode=0755,size=${mebibytes}m tmpfs /opt/lvs-agent`);
    try {
      await work();
    } finally {
      await script(lab(), 'lb2', 'umount -l /opt/lvs-agent');
    }
  }

  it('is full: nothing is sent', async () => {
    await onSmallDisk(8, async () => {
      const ran = await applying(inForce).ended;
      expectTold(
        ran,
        2,
        'lb2',
        /no room for the agent: \/opt\/lvs-agent has \d+ MiB free and \d+ MiB are needed; Free some space/,
      );
      await expectNothingHalf('lb1', 'lb2');
    });
  });

  it('fills up during the upload: what came is removed', async () => {
    // just what is asked for: it is memory of a machine that has not much more
    await onSmallDisk(216, async () => {
      const filled = script(
        lab(),
        'lb2',
        `cd /opt/lvs-agent; until [ -s incoming.tar.gz ]; do sleep 0.05; done; head -c 300m /dev/zero >fill 2>/dev/null || :`,
      );
      const ran = await applying(inForce).ended;
      await filled;
      expectTold(ran, 2, 'lb2', /could not be uploaded|unpacking/, /No space left on device/, /Free some space there/);
      await expectNothingHalf('lb1', 'lb2');
    });
    await expectConverges();
  });
});

describe('a connection that is cut in the middle of an apply', () => {
  /** The last leaves most behind, and is in the quick run. */
  const moments = [
    [
      'a realserver changes',
      'web2',
      /web2: realserver\n/,
      'rm /etc/sysctl.d/99-zz-lvsctl.conf; ip addr del 10.77.1.100/32 dev lo',
    ],
    ['a director changes', 'lb2', /lb2: director\n/, 'systemctl stop lvs-agent'],
    ['the agent is sent', 'lb2', /lb2: sending the agent\n/, 'rm /opt/lvs-agent/releases/*/stamp'],
  ] as const;
  it.each(inject('soak') ? moments : moments.slice(-1))('while %s', async (_what, machine, moment, sabotage) => {
    await script(lab(), machine, sabotage);
    const path = await nextEdition();
    const running = applying(path);
    await running.says(moment);
    await running.cut(machine);
    const ran = await running.ended;
    expectTold(ran, 2, machine, /the connection was lost; Check the network, and that the host is still up/);
    expect(ran.stderr).toMatch(/^failed: what was done stands, and the next apply goes on from there$/m);
    if (/sending/.test(moment.source)) await leftByPowerCut();
    await expectConverges(path);
  });

  /** What a host that loses its power in the middle of an upload cannot tidy up. */
  async function leftByPowerCut(): Promise<void> {
    await eventually(
      () => script(lab(), 'lb2', 'ls /opt/lvs-agent'),
      (names) => !names.includes('incoming'),
    );
    await script(lab(), 'lb2', 'cd /opt/lvs-agent; mkdir incoming; echo half | tee incoming/node incoming.tar.gz');
  }

  inFull('by a cable that is pulled and put back', async () => {
    const path = await nextEdition();
    await script(lab(), 'lb2', 'systemctl stop lvs-agent');
    const running = applying(path);
    await running.says(/lb2: director\n/);
    await cut(lab(), 'lb2', 'mgmt');
    const ran = await running.ended;
    expectTold(ran, 2, 'lb2', /the connection was lost; Check the network/);
    await heal(lab());
    await expectConverges(path);
  });

  it('by the end of lvsctl itself, without a chance to tidy up', async () => {
    const path = await nextEdition();
    await script(lab(), 'lb2', 'systemctl stop lvs-agent');
    const running = applying(path);
    await running.says(/lb2: director\n/);
    running.kill();
    await running.ended;
    await expectConverges(path);
    expect(await holders(lab(), '10.77.1.100')).toEqual(['lb1']);
  });
});
