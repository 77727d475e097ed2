/**
 * Tunnels other than IPIP, with real traffic: packets reach the realservers in GUE and in GRE, a change from one to the other is
 * served all the way, a reboot changes nothing, and what was set up is taken away when it is no longer wanted.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { reboot } from '../../vm-lab/faults.ts';
import { startRequests } from '../../vm-lab/traffic.ts';
import { apply, ask, lvsctl, sh, topology } from './cluster.ts';
import { eventually, labForTests } from './lab-for-tests.ts';

const lab = labForTests({ fresh: true });
const VIP = '10.77.1.102';
const URL = `http://${VIP}/`;
const LBS = ['lb1', 'lb2'] as const;
const WEBS = ['web1', 'web2'] as const;

/** What tells a client that its packets are too large for a tunnel. */
const UNHEARD = 'OUTPUT -p icmp --icmp-type fragmentation-needed -j DROP';

interface Variant {
  readonly title: string;
  readonly tunnel: string;
  /** What tcpdump on a realserver takes for it: the checksum of UDP stands at byte 6, that of GRE is told by the first bit. */
  readonly filter: string;
  /** On a realserver: what there must be, and nothing else of the kind. */
  readonly ports: string;
  readonly device: RegExp;
  readonly route: RegExp;
}

const NO_DEVICE = /^$/;

const VARIANTS: readonly Variant[] = [
  {
    title: 'gue',
    tunnel: '{ type: gue }',
    filter: 'udp port 6080 and udp[6:2] != 0',
    ports: 'port 6080 gue',
    device: NO_DEVICE,
    route: /^10\.77\.1\.0\/24 .* advmss 1428/,
  },
  {
    title: 'gre with a checksum',
    tunnel: '{ type: gre }',
    filter: 'proto 47 and ip[20] & 0x80 != 0',
    ports: '',
    device: /gre remote any local 10\.77\.1\.2[12] .*\bicsum\b/,
    route: /^10\.77\.1\.0\/24 .* advmss 1432/,
  },
  {
    title: 'gre without a checksum',
    tunnel: '{ type: gre, checksum: false }',
    filter: 'proto 47 and ip[20] & 0x80 == 0',
    ports: '',
    device: /gre remote any local 10\.77\.1\.2[12] (?!.*icsum)/,
    route: /^10\.77\.1\.0\/24 .* advmss 1436/,
  },
  {
    title: 'gue on another port, without a checksum',
    tunnel: '{ type: gue, port: 6090, checksum: false }',
    filter: 'udp port 6090 and udp[6:2] == 0',
    ports: 'port 6090 gue',
    device: NO_DEVICE,
    route: /^10\.77\.1\.0\/24 .* advmss 1428/,
  },
];

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lvsctl-tunnels-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** tun.yaml with this tunnel. */
async function edition(index: number, tunnel: string): Promise<string> {
  const text = await readFile(topology('tun'), 'utf8');
  const written = join(folder, `tunnel-${index}.yaml`);
  await writeFile(written, text.replace(/^ {4}mode: tun.*$/m, `    mode: tun\n    tunnel: ${tunnel}`));
  return written;
}

async function applied(path: string): Promise<void> {
  const ran = await lvsctl(lab(), ['apply', path, '--yes']);
  expect(ran.exitCode, ran.stdout + ran.stderr).toBe(0);
  // Or what takes the service away would wait for ended connections.
  for (const name of LBS) await sh(lab(), name, 'ipvsadm --set 0 2 0');
}

async function isServed(): Promise<void> {
  const got = await ask(lab(), URL, 40);
  expect(Object.keys(got).sort()).toEqual([...WEBS]);
  for (const name of WEBS) expect(Math.abs((got[name] ?? 0) - 20)).toBeLessThanOrEqual(1);
}

/** As the realservers have it now. */
async function setUp({ ports, device, route }: Pick<Variant, 'ports' | 'device' | 'route'>): Promise<void> {
  for (const name of WEBS) {
    expect(await sh(lab(), name, 'ip fou show 2>/dev/null || :')).toBe(ports);
    expect(await sh(lab(), name, 'ip -o -d link show dev lvs-gre 2>/dev/null || :')).toMatch(device);
    expect(await sh(lab(), name, 'ip -4 route show dev eth1')).toMatch(route);
  }
}

describe('tunnels in the lab', () => {
  describe.each(VARIANTS.map((variant, index) => ({ ...variant, index })))('$title', (variant) => {
    let path = '';

    it('is applied, and a second plan has nothing to change', async () => {
      path = await edition(variant.index, variant.tunnel);
      await applied(path);
      const planned = await lvsctl(lab(), ['plan', path]);
      expect(planned.stdout + planned.stderr).toContain('Nothing to change');
      expect(planned.exitCode).toBe(0);
      await setUp(variant);
    });

    it('serves, and packets come in it as they should', async () => {
      const capture = sh(lab(), 'web1', `timeout 20 tcpdump -lnni eth1 -c 1 '${variant.filter}'`);
      await isServed();
      expect(await capture).not.toBe('');
    });

    it('carries more than fits into one packet, also where nobody hears of it', async () => {
      for (const name of LBS) await sh(lab(), name, `iptables-legacy -A ${UNHEARD}`);
      const sent = await sh(
        lab(),
        'client',
        `head -c 300000 /dev/zero | curl -sS -o /dev/null -m 20 -w '%{http_code} %{size_upload}' --data-binary @- ${URL}index.html`,
      );
      for (const name of LBS) await sh(lab(), name, `iptables-legacy -D ${UNHEARD}`);
      expect(sent).toBe('200 300000');
    });
  });

  it('is the same after a reboot of a realserver, without another apply', async () => {
    const path = await edition(8, '{ type: gre }');
    await applied(path);
    await reboot(lab(), 'web1');
    await eventually(
      () => ask(lab(), URL, 20),
      (got) => WEBS.every((name) => got[name] === 10),
      60_000,
    );
    expect((await lvsctl(lab(), ['plan', path])).exitCode).toBe(0);
  });

  it('mends a tunnel that somebody has taken down, or made anew for himself', async () => {
    const path = await edition(8, '{ type: gre }');
    await sh(lab(), 'web1', 'ip link set lvs-gre down');
    expect((await lvsctl(lab(), ['plan', path])).stdout).toContain('interface lvs-gre up');
    await applied(path);
    await sh(
      lab(),
      'web1',
      'ip link del lvs-gre && ip link add lvs-gre type gre local 10.77.1.21 && ip link set lvs-gre up',
    );
    await applied(path);
    await isServed();
  });

  it('serves all the way from one tunnel to another', async () => {
    const requests = startRequests(lab(), URL, { timeoutMs: 5_000, intervalMs: 50 });
    await requests.until(({ succeeded }) => succeeded > 20, 20_000);
    await applied(await edition(9, '{ type: gue, port: 6091 }'));
    await requests.until(({ sent, succeeded }) => succeeded > 60 && sent > 60, 20_000);
    const { failed } = await requests.stop();
    expect(failed).toBe(0);
  });

  it('takes away what it set up', async () => {
    await apply(lab(), 'dr');
    await setUp({ ports: '', device: NO_DEVICE, route: /^(?!.*advmss)/s });
    for (const name of WEBS) expect(await sh(lab(), name, 'ip -o link show up dev tunl0')).toBe('');
  });
});
