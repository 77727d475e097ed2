/**
 * What clients notice when something dies: the MASTER's machine, the agent's processes. Gaps are held to what
 * the timers say; the measuring program's own lateness is taken off them.
 */
import { beforeAll, describe, expect, it } from 'vitest';
import { attempt, script } from '../../vm-lab/exec.ts';
import { powerOff } from '../../vm-lab/faults.ts';
import { startHeld, startRequests } from '../../vm-lab/traffic.ts';
import { apply, arpAnswers, ask, holders, lvsctl, topology, vrrpPid } from './cluster.ts';
import { eventually, labForTests } from './lab-for-tests.ts';

const VIP = '10.77.1.100';
const URL = `http://${VIP}/`;
/** lb2's, at 1 s advertisements and priority 100 (RFC 9568 section 6.1). */
const MASTER_DOWN_MS = 3000 + ((256 - 100) / 256) * 1000;
const TOLERANCE_MS = 50;
const lab = labForTests();

beforeAll(async () => {
  await apply(lab(), 'dr');
});

interface VrrpView {
  readonly directors: readonly {
    readonly director: string;
    readonly state?: {
      readonly vrrp: { readonly instances: readonly { readonly state: string; readonly since: number }[] };
    };
  }[];
}

/** State and time of the last transition of the one instance, by director. */
async function vrrp(): Promise<Record<string, string>> {
  const { stdout } = await lvsctl(lab(), ['status', topology('dr'), '--json']);
  const view = JSON.parse(stdout) as VrrpView;
  return Object.fromEntries(
    view.directors.map(({ director, state }) => {
      const instance = state?.vrrp.instances[0];
      return [director, instance === undefined ? 'unknown' : `${instance.state} since ${instance.since}`];
    }),
  );
}

async function settled(): Promise<void> {
  await eventually(
    async () => ({ owners: await holders(lab(), VIP), vrrp: await vrrp(), answers: await ask(lab(), URL, 6) }),
    ({ owners, vrrp: states, answers }) =>
      owners.length === 1 &&
      Object.values(states).filter((state) => state.startsWith('BACKUP')).length === 1 &&
      answers['web1'] !== undefined &&
      answers['web2'] !== undefined,
    60_000,
  );
}

describe('the MASTER', () => {
  it('loses its power: the other takes over within master_down', async () => {
    await settled();
    const [master = 'lb1'] = await holders(lab(), VIP);
    const requests = startRequests(lab(), URL);
    await requests.until(({ succeeded }) => succeeded > 100, 20_000);
    await powerOff(lab(), master);
    const offMs = Date.now();
    await requests.until(({ lastSuccessMs }) => lastSuccessMs > offMs + 1000, 30_000);
    const { longestGap, latestBeginMs } = await requests.stop();
    expect(longestGap.ms).toBeLessThanOrEqual(MASTER_DOWN_MS + TOLERANCE_MS + latestBeginMs);
  });
});

describe('the agent on the MASTER', () => {
  it('whose VRRP process is killed goes on: no failed request, no transition, no cut connection', async () => {
    await settled();
    const before = await vrrp();
    const [master = 'lb1'] = await holders(lab(), VIP);
    const requests = startRequests(lab(), URL, { timeoutMs: 2000 });
    const held = startHeld(lab(), URL, { connections: 10, downloads: 2, downloadPath: '/slow' });
    await requests.until(({ succeeded }) => succeeded > 50, 20_000);
    const pid = await vrrpPid(lab(), master);
    await script(lab(), master, `kill -9 ${pid}`);
    const killedMs = Date.now();
    await eventually(
      () => vrrpPid(lab(), master),
      (now) => now !== '' && now !== pid,
      20_000,
    );
    // the other would have taken over by then
    await requests.until(({ endedMs }) => endedMs > killedMs + MASTER_DOWN_MS + 1_000, 30_000);
    const report = await requests.stop();
    expect(report.causes).toEqual({});
    const { cutConnections, cutDownloads } = await held.stop();
    expect({ cutConnections, cutDownloads }).toEqual({ cutConnections: 0, cutDownloads: 0 });
    const after = await eventually(vrrp, (states) => !Object.values(states).includes('unknown'), 20_000);
    expect(Object.values(after).map((state) => state.split(' ')[0])).toEqual(
      Object.values(before).map((state) => state.split(' ')[0]),
    );
  });

  it('that never comes back leaves exactly one host answering ARP for the VIP', async () => {
    await settled();
    const [master = 'lb1'] = await holders(lab(), VIP);
    // Without its release no restart succeeds, as after a broken upgrade.
    await script(
      lab(),
      master,
      'mv /opt/lvs-agent/current /opt/lvs-agent/away; systemctl kill -s KILL lvs-agent lvs-vrrp',
    );
    await eventually(
      () => holders(lab(), VIP),
      ([owner]) => owner !== undefined && owner !== master,
      20_000,
    );
    await eventually(
      () => holders(lab(), VIP),
      (owners) => owners.length === 1,
      20_000,
    );
    expect(await arpAnswers(lab(), VIP)).toHaveLength(1);
    expect(Object.keys(await ask(lab(), URL, 20)).sort()).toEqual(['web1', 'web2']);
    await script(lab(), master, 'mv /opt/lvs-agent/away /opt/lvs-agent/current');
    await settled();
    expect(await holders(lab(), VIP)).not.toEqual([master]);
  });

  it('gives scripts no capability', async () => {
    const output = await script(
      lab(),
      'lb1',
      '/opt/lvs-agent/current/lvs-run lvs-script -- /bin/grep -E "^(Uid|CapEff|CapPrm|CapBnd|CapAmb|NoNewPrivs)" /proc/self/status',
    );
    expect(output).toMatch(/CapEff:\s+0{16}/);
    expect(output).toMatch(/CapBnd:\s+0{16}/);
    expect(output).not.toMatch(/Uid:\s+0\b/);
  });

  it('goes on after malformed control requests and VRRP packets', async () => {
    await settled();
    const pids = () => script(lab(), 'lb1', 'systemctl show -P MainPID lvs-agent lvs-vrrp');
    const before = await pids();
    const requests = [
      'PUT /v1/config HTTP/1.1\\r\\nContent-Length: 9\\r\\n\\r\\n{"config"',
      'GARBAGE',
      'GET /v1/nothing HTTP/1.0\\r\\n\\r\\n',
    ];
    for (const request of requests) {
      await attempt(lab(), 'lb1', [
        'sh',
        '-c',
        `printf '${request}' | timeout 5 /opt/lvs-agent/current/stdio /run/lvs-agent/control.sock`,
      ]);
    }
    await script(
      lab(),
      'web3',
      `python3 - <<'END'
import socket, random
random.seed(7)
s = socket.socket(socket.AF_INET, socket.SOCK_RAW, 112)
for _ in range(2000):
    s.sendto(bytes(random.randrange(256) for _ in range(random.randrange(60))), ('10.77.1.11', 0))
END`,
    );
    expect(await pids()).toBe(before);
    await settled();
  });
});
