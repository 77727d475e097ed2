/** The hostile profile: what a host looks like that someone else has set up. */
import { expect, it } from 'vitest';
import { attempt, run, script } from '../../vm-lab/exec.ts';
import { MACHINES } from '../../vm-lab/layout.ts';
import { eventually, labForTests } from './lab-for-tests.ts';

const lab = labForTests({ profile: 'hostile' });

const fromClient = (url: string) =>
  attempt(lab(), 'client', ['curl', '-s', '-o', '/dev/null', '-w', '%{http_code}', '--max-time', '2', url]);

it('filters by reverse path on every interface of every machine', async () => {
  for (const machine of MACHINES) {
    const values = await script(lab(), machine, 'cd /proc/sys/net/ipv4/conf; cat all/rp_filter eth[012]/rp_filter');
    expect(values).toBe('1\n1\n1\n1');
  }
});

it('lets nothing in but SSH from the management network, ping, and the web servers’ own ports', async () => {
  const rules = await run(lab(), 'lb1', ['iptables-legacy', '-S', 'INPUT']);
  expect(rules).toContain('-P INPUT DROP');
  expect(rules).toContain('--ctstate INVALID -j DROP');
  expect((await fromClient('http://10.77.1.11/')).exitCode).toBe(28);
  expect((await fromClient('http://10.77.1.21/')).stdout).toBe('200');
  expect((await attempt(lab(), 'client', ['ping', '-c', '1', '-W', '1', '10.77.1.11'])).exitCode).toBe(0);
  expect(
    (await attempt(lab(), 'client', ['socat', '-u', 'TCP:10.77.1.11:22,connect-timeout=1', '-'])).exitCode,
  ).not.toBe(0);
});

it('has its interfaces owned by systemd-networkd', async () => {
  await eventually(
    () => run(lab(), 'lb2', ['networkctl', '--no-legend', 'list']),
    (listing) => (listing.match(/ eth\d +ether +routable +configured/g) ?? []).length === 3,
  );
});
