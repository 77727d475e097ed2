/** The lab's machines as they come up: who they are, what they serve, how they are reached. */
import { execa } from 'execa';
import { expect, it } from 'vitest';
import { attempt, run, script } from '../../vm-lab/exec.ts';
import { addressOf, HOSTS, isDirector, MACHINES, NETWORKS } from '../../vm-lab/layout.ts';
import { labStatus } from '../../vm-lab/status.ts';
import { labForTests } from './lab-for-tests.ts';

const lab = labForTests();
/** Prints the longest time, in seconds, that a block took to be on the disk. */
const SYNC_FOR_8_S = `
import os, time
file = os.open('/var/tmp/block', os.O_WRONLY | os.O_CREAT)
begin, longest = time.monotonic(), 0
while time.monotonic() < begin + 8:
    start = time.monotonic()
    os.pwrite(file, b'x' * 4096, 0)
    os.fsync(file)
    longest = max(longest, time.monotonic() - start)
os.unlink('/var/tmp/block')
print(longest)
`;
const WEBS = MACHINES.filter((machine) => !isDirector(machine));

it('runs a command on every machine as root', async () => {
  const answers = await Promise.all(MACHINES.map((machine) => script(lab(), machine, 'hostname; id -u')));
  expect(answers).toEqual(MACHINES.map((machine) => `${machine}\n0`));
});

it('has every address of the lab on its interface, the client included', async () => {
  for (const host of HOSTS) {
    const listing = await run(lab(), host, ['ip', '-4', '-br', 'address']);
    NETWORKS.forEach((network, index) => {
      expect(listing).toMatch(new RegExp(`^eth${index}\\b.* ${addressOf(host, network)}/24`, 'm'));
    });
  }
});

it('passes arguments, input and exit codes through unchanged', async () => {
  for (const host of ['web1', 'client'] as const) {
    const words = ["it's", 'a b', '', '$HOME', 'x;y', '"'];
    expect(await run(lab(), host, ['printf', '<%s>', ...words])).toBe(words.map((word) => `<${word}>`).join(''));
    expect(await run(lab(), host, ['tr', 'a-z', 'A-Z'], 'through stdin')).toBe('THROUGH STDIN');
    expect(await attempt(lab(), host, ['sh', '-c', 'echo out; echo err >&2; exit 7'])).toEqual({
      exitCode: 7,
      stdout: 'out',
      stderr: 'err',
    });
  }
});

it('serves a page that names the host, over HTTP and HTTPS, on each of its addresses and on any other it gets', async () => {
  const get = (url: string) => run(lab(), 'client', ['curl', '-sk', '--max-time', '5', url]);
  for (const web of WEBS) {
    for (const network of ['front', 'back'] as const) {
      expect(await get(`http://${addressOf(web, network)}/`)).toBe(web);
      expect(await get(`https://${addressOf(web, network)}/index.html`)).toBe(web);
    }
  }
  // On eth1: a realserver that was set up before is silent about what it has on lo.
  await run(lab(), 'web2', ['ip', 'address', 'add', '10.77.1.180/32', 'dev', 'eth1']);
  try {
    expect(await get('http://10.77.1.180/')).toBe('web2');
    expect(await get('https://10.77.1.180/')).toBe('web2');
  } finally {
    await run(lab(), 'web2', ['ip', 'address', 'del', '10.77.1.180/32', 'dev', 'eth1']);
  }
  expect(await get(`http://${addressOf('lb1', 'front')}/`)).toBe('lb1');
});

it('has on its directors a kernel with IPVS and its schedulers, and nginx for a script to watch', async () => {
  await script(lab(), 'lb1', 'modprobe -a ip_vs ip_vs_wrr ip_vs_sh ip_vs_mh; pgrep -x nginx; ipvsadm -Ln; ipvsadm -C');
});

it('is reached by a sudo user with nothing but the inventory, and host keys are checked', async () => {
  const args = (knownHosts: string) => [
    ...[
      '-i',
      lab().place.key,
      '-o',
      `ProxyCommand=${lab().place.proxy} %h %p`,
      '-o',
      `UserKnownHostsFile=${knownHosts}`,
    ],
    ...['-o', 'GlobalKnownHostsFile=/dev/null', '-o', 'StrictHostKeyChecking=yes', '-F', 'none', 'ops@10.77.0.21'],
    ...['--', 'sudo -n id -u; id -un'],
  ];
  expect((await execa('ssh', args(lab().place.knownHosts), { input: '' })).stdout).toBe('0\nops');
  const unknown = await execa('ssh', args('/dev/null'), { input: '', reject: false });
  expect(unknown.stderr).toContain('Host key verification failed');
});

it('writes to its disk without a hang while the network is busy', async () => {
  const machines = ['lb1', 'lb2', 'web1'] as const;
  const floods = machines.map((machine) =>
    run(lab(), 'client', ['ping', '-q', '-i', '0.002', '-w', '10', addressOf(machine, 'front')]),
  );
  const longest = await Promise.all(machines.map((machine) => run(lab(), machine, ['python3', '-c', SYNC_FOR_8_S])));
  await Promise.all(floods);
  // a request that is forgotten is found again by the kernel's own write-back, five seconds later
  for (const seconds of longest) expect(Number(seconds)).toBeLessThan(3);
});

it('tells what it is like', async () => {
  const status = await labStatus(lab());
  expect(status.hosts.map(({ host, power, answers }) => [host, power, answers])).toEqual(
    HOSTS.map((host) => [host, 'on', true]),
  );
  expect(status.hosts.flatMap(({ cut, impaired }) => [...cut, ...impaired])).toEqual([]);
});
