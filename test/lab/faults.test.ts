/** Each fault is seen from the client's place, as a service would suffer from it. */
import { expect, it } from 'vitest';
import { attempt, run, script } from '../../vm-lab/exec.ts';
import { cut, delay, heal, loss, powerOff, powerOn, reboot, stall } from '../../vm-lab/faults.ts';
import { addressOf, type Machine, type Network } from '../../vm-lab/layout.ts';
import { powerOf } from '../../vm-lab/machine.ts';
import { labStatus } from '../../vm-lab/status.ts';
import { startHeld, startRequests } from '../../vm-lab/traffic.ts';
import { eventually, labForTests } from './lab-for-tests.ts';

const lab = labForTests();

async function answersPing(machine: Machine, network: Network): Promise<boolean> {
  const ping = ['ping', '-c', '1', '-W', '1', addressOf(machine, network)];
  return (await attempt(lab(), 'client', ping)).exitCode === 0;
}

/** The shortest round trip in ms, which a busy machine does not blur, and the percentage lost. */
async function measurePing(machine: Machine, packets: number): Promise<{ rttMs: number; lost: number }> {
  const ping = ['ping', '-q', '-i', '0.02', '-W', '2', '-c', String(packets), addressOf(machine, 'front')];
  const { stdout } = await attempt(lab(), 'client', ping);
  return {
    rttMs: Number(/= ([\d.]+)\//.exec(stdout)?.[1]),
    lost: Number(/([\d.]+)% packet loss/.exec(stdout)?.[1]),
  };
}

const statusOf = async (machine: Machine) => (await labStatus(lab())).hosts.find(({ host }) => host === machine);

it('cuts one network of one machine, and heals it', async () => {
  await cut(lab(), 'web1', 'front');
  expect(await answersPing('web1', 'front')).toBe(false);
  expect(await answersPing('web1', 'back')).toBe(true);
  expect(await answersPing('web2', 'front')).toBe(true);
  expect(await run(lab(), 'web1', ['hostname'])).toBe('web1');
  expect((await statusOf('web1'))?.cut).toEqual(['front']);
  await heal(lab(), 'web1', 'front');
  await eventually(() => answersPing('web1', 'front'), Boolean);
  expect((await statusOf('web1'))?.cut).toEqual([]);
});

it('cuts the client off from a network', async () => {
  await cut(lab(), 'client', 'front');
  expect(await answersPing('web1', 'front')).toBe(false);
  await heal(lab());
  await eventually(() => answersPing('web1', 'front'), Boolean);
});

it('delays packets each way, and heals', async () => {
  const before = await measurePing('web1', 10);
  await delay(lab(), 'web1', 'front', 50);
  const late = await measurePing('web1', 10);
  expect(late.rttMs - before.rttMs).toBeGreaterThan(95);
  expect((await statusOf('web1'))?.impaired).toEqual([{ network: 'front', delayMs: 50, lossPercent: 0 }]);
  await heal(lab(), 'web1');
  expect((await measurePing('web1', 10)).rttMs).toBeLessThan(before.rttMs + 50);
});

it('loses packets each way: of a ping 19 % when 10 % are lost, and adds to a delay', async () => {
  await delay(lab(), 'web2', 'front', 20);
  await loss(lab(), 'web2', 'front', 10);
  const { lost, rttMs } = await measurePing('web2', 250);
  expect(lost).toBeGreaterThan(6);
  expect(lost).toBeLessThan(36);
  expect(rttMs).toBeGreaterThan(38);
  await heal(lab(), 'web2', 'front');
  expect((await measurePing('web2', 50)).lost).toBe(0);
});

it('stalls a machine for as long as it was told to, and the machine goes on', async () => {
  const before = await script(lab(), 'web1', 'cat /proc/sys/kernel/random/boot_id');
  const stalled = stall(lab(), 'web1', 4000);
  await eventually(
    () => powerOf(lab().namespace, 'web1'),
    (power) => power === 'stalled',
    3000,
  );
  expect(await answersPing('web1', 'front')).toBe(false);
  await stalled;
  await eventually(() => answersPing('web1', 'front'), Boolean);
  expect(await script(lab(), 'web1', 'cat /proc/sys/kernel/random/boot_id')).toBe(before);
});

it('takes the power from a machine, and gives it back with the disk as it was', async () => {
  await script(lab(), 'web3', 'echo kept >/root/mark; sync');
  const traffic = startRequests(lab(), 'http://10.77.1.23/');
  await traffic.until(({ succeeded }) => succeeded > 20, 10_000);
  await powerOff(lab(), 'web3');
  const offMs = Date.now();
  const { servers, causes } = await traffic.until(({ failed }) => failed > 20, 10_000);
  expect(servers['web3']?.lastMs).toBeLessThan(offMs + 100);
  expect(Object.keys(causes).length).toBeGreaterThan(0);
  expect(await statusOf('web3')).toMatchObject({ power: 'off', answers: false });
  await powerOn(lab(), 'web3');
  expect(await run(lab(), 'web3', ['cat', '/root/mark'])).toBe('kept');
  await traffic.until(({ lastSuccessMs }) => lastSuccessMs > offMs + 1000, 10_000);
  const { longestGap } = await traffic.stop();
  expect(longestGap.fromMs).toBeGreaterThan(offMs - 2000);
  expect(longestGap.ms).toBeGreaterThan(1000);
});

it('reboots a machine in good order', async () => {
  const before = await script(lab(), 'web2', 'cat /proc/sys/kernel/random/boot_id');
  await reboot(lab(), 'web2');
  expect(await script(lab(), 'web2', 'cat /proc/sys/kernel/random/boot_id')).not.toBe(before);
  expect(await run(lab(), 'client', ['curl', '-s', 'http://10.77.1.22/'])).toBe('web2');
});

it('sees which held connections were cut: those of the machine that died, and no others', async () => {
  const wishes = { connections: 5, everyMs: 200, downloads: 2, patienceMs: 1500 };
  const [dying, living] = [
    startHeld(lab(), 'http://10.77.1.21/', wishes),
    startHeld(lab(), 'http://10.77.1.22/', wishes),
  ];
  for (const traffic of [dying, living]) {
    await traffic.until(({ held }) => held.length === 7 && held.every(({ received }) => received > 0), 10_000);
  }
  await powerOff(lab(), 'web1');
  await dying.until(({ cutConnections, cutDownloads }) => cutConnections === 5 && cutDownloads === 2, 10_000);
  expect(await living.stop()).toMatchObject({ cutConnections: 0, cutDownloads: 0 });
  expect((await dying.stop()).held.every(({ server, cut: lost }) => server === 'web1' && lost !== undefined)).toBe(
    true,
  );
});
