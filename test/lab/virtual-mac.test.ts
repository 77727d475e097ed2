/** One service through a virtual MAC: what apply prepares, what clients learn, what a failover and the way back leave. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { script } from '../../vm-lab/exec.ts';
import { powerOff } from '../../vm-lab/faults.ts';
import { startHeld, startRequests } from '../../vm-lab/traffic.ts';
import { apply, arpAnswers, ask, holders, lvsctl, sh, topology, vrrpPid } from './cluster.ts';
import { eventually, labForTests } from './lab-for-tests.ts';

const VIP = '10.77.1.100';
const MAC = '00:00:5e:00:01:33';
const URL = `http://${VIP}/`;
/** lb2's, at 1 s advertisements and priority 100 (RFC 9568 section 6.1). */
const MASTER_DOWN_MS = 3000 + ((256 - 100) / 256) * 1000;
const TOLERANCE_MS = 50;
const lab = labForTests();
const folder = mkdtempSync(join(tmpdir(), 'virtual-mac-'));
const file = join(folder, 'topology.yaml');

beforeAll(async () => {
  const plain = readFileSync(topology('dr'), 'utf8');
  writeFileSync(file, plain.replace('    vrid: 51\n', '    vrid: 51\n    virtual_mac: { enabled: true }\n'));
  // as some distributions have it: udev sets it on every interface that comes
  for (const machine of ['lb1', 'lb2'] as const)
    await script(lab(), machine, "echo 'net.ipv4.conf.*.rp_filter = 1' >/etc/sysctl.d/50-strict.conf");
  const { exitCode, stdout, stderr } = await lvsctl(lab(), ['apply', file, '--yes']);
  if (exitCode !== 0) throw new Error(`apply ended with ${exitCode}\n${stdout}\n${stderr}`);
});
afterAll(() => rmSync(folder, { recursive: true }));

const known = (): Promise<string> => sh(lab(), 'client', `ip neigh show ${VIP} dev eth1`);

async function settled(): Promise<string> {
  const { owners } = await eventually(
    async () => ({ owners: await holders(lab(), VIP), answers: await ask(lab(), URL, 6) }),
    ({ owners: found, answers }) =>
      found.length === 1 && answers['web1'] !== undefined && answers['web2'] !== undefined,
    60_000,
  );
  return owners[0] ?? '';
}

describe('a service through a virtual MAC', () => {
  it('is answered for by that MAC alone, and nothing is left to change', async () => {
    const master = await settled();
    expect(await arpAnswers(lab(), VIP)).toEqual([MAC]);
    expect(await sh(lab(), 'lb1', 'ip -o addr show dev vrrp.51')).toEqual(
      master === 'lb1' ? expect.stringContaining(VIP) : '',
    );
    expect(Object.keys(await ask(lab(), URL, 20)).sort()).toEqual(['web1', 'web2']);
    expect(await known()).toContain(MAC);
    for (const machine of ['lb1', 'lb2'] as const) {
      const values = await sh(
        lab(),
        machine,
        'sysctl -n net.ipv4.conf.vrrp/51.rp_filter net.ipv6.conf.vrrp/51.accept_ra',
      );
      expect([machine, values]).toEqual([machine, '2\n0']);
    }
    const { exitCode, stdout } = await lvsctl(lab(), ['plan', file]);
    expect([exitCode, stdout]).toEqual([0, expect.any(String)]);
    const { stdout: status } = await lvsctl(lab(), ['status', file]);
    expect(status).toContain(`${VIP} (vrrp.51, ${MAC})`);
  });

  it('whose VRRP process is killed goes on: no failed request, no cut connection', async () => {
    const master = (await settled()) as 'lb1' | 'lb2';
    const requests = startRequests(lab(), URL, { timeoutMs: 2000 });
    const held = startHeld(lab(), URL, { connections: 10, downloads: 2, downloadPath: '/slow' });
    await requests.until(({ succeeded }) => succeeded > 50, 20_000);
    const pid = await vrrpPid(lab(), master);
    await script(lab(), master, `kill -9 ${pid}`);
    const killedMs = Date.now();
    // the other would have taken over by then
    await requests.until(({ endedMs }) => endedMs > killedMs + MASTER_DOWN_MS + 1_000, 30_000);
    expect((await requests.stop()).causes).toEqual({});
    const { cutConnections, cutDownloads } = await held.stop();
    expect({ cutConnections, cutDownloads }).toEqual({ cutConnections: 0, cutDownloads: 0 });
    expect(await holders(lab(), VIP)).toEqual([master]);
  });

  it('moves within master_down when the MASTER loses its power, and clients keep the MAC that they have', async () => {
    const master = (await settled()) as 'lb1' | 'lb2';
    const requests = startRequests(lab(), URL);
    await requests.until(({ succeeded }) => succeeded > 100, 20_000);
    expect(await known()).toContain(MAC);
    await powerOff(lab(), master);
    const offMs = Date.now();
    await requests.until(({ lastSuccessMs }) => lastSuccessMs > offMs + 1000, 30_000);
    const { longestGap, latestBeginMs } = await requests.stop();
    console.log(`longest gap ${Math.round(longestGap.ms)} ms, master_down ${Math.round(MASTER_DOWN_MS)} ms`);
    expect(longestGap.ms).toBeLessThanOrEqual(MASTER_DOWN_MS + TOLERANCE_MS + latestBeginMs);
    expect(await known()).toContain(MAC);
    expect(await arpAnswers(lab(), VIP)).toEqual([MAC]);
  });

  it('loses its interface when its director is stopped for good, and its settings with the wish', async () => {
    const master = (await settled()) as 'lb1' | 'lb2';
    await script(lab(), master, 'systemctl stop lvs-agent');
    await eventually(
      () => sh(lab(), master, 'ip -o link show type macvlan'),
      (links) => links === '',
    );
    // the other may have come back only just now, and waits for its first verdicts
    await eventually(
      () => arpAnswers(lab(), VIP),
      (macs) => macs.join() === MAC,
      30_000,
    );
    await script(lab(), master, 'systemctl start lvs-agent');
    await settled();
    await apply(lab(), 'dr');
    await settled();
    for (const machine of ['lb1', 'lb2'] as const) {
      await script(lab(), machine, 'rm /etc/sysctl.d/50-strict.conf');
      expect(await sh(lab(), machine, 'ip -o link show type macvlan')).toBe('');
      expect(await sh(lab(), machine, 'sysctl -n net.ipv4.conf.eth1.arp_ignore net.ipv4.conf.eth1.arp_announce')).toBe(
        '0\n0',
      );
    }
    expect(await arpAnswers(lab(), VIP)).not.toContain(MAC);
  });
});
