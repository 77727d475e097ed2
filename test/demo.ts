/**
 * `npm run demo [-- --keep]`: the whole story on real kernels, with the commands a user would type. Every figure is
 * counted or measured in this run; a figure that is not what it must be ends the demo with exit code 1.
 */
import { resolve } from 'node:path';
import { execa } from 'execa';
import { attempt } from '../vm-lab/exec.ts';
import { powerOff, powerOn } from '../vm-lab/faults.ts';
import { type Lab, openLab } from '../vm-lab/lab.ts';
import { placeOf } from '../vm-lab/place.ts';
import { startRequests } from '../vm-lab/traffic.ts';
import { down } from '../vm-lab/up.ts';

const ROOT = resolve(import.meta.dirname, '..');
const LAB = 'demo';
const TOPOLOGY = 'inventory/topologies/dr.yaml';
const VIP_URL = 'http://10.77.1.100/index.html';
/** master_down of lb2 at 1 s advertisements and priority 100 (RFC 9568 section 6.1), and the tolerance promised on it. */
const MASTER_DOWN_MS = 3000 + ((256 - 100) / 256) * 1000;
const TOLERANCE_MS = 50;

const place = placeOf(LAB);
const options = ['-t', TOPOLOGY, '-i', place.inventory];

function say(text: string): void {
  console.log(process.stdout.isTTY ? `\n\x1b[1m# ${text}\x1b[0m` : `\n# ${text}`);
}

/** Runs lvsctl before the reader's eyes and requires its exit code. */
async function lvsctl(args: readonly string[], expected = 0): Promise<void> {
  console.log(
    `$ lvsctl ${args.join(' ')}`.replaceAll(place.inventory, '~/.local/state/lvsctl/lab/demo/inventory.yaml'),
  );
  const { exitCode } = await execa(resolve(ROOT, 'bin/lvsctl'), args, { stdio: 'inherit', reject: false, cwd: ROOT });
  if (exitCode !== expected) throw new Error(`lvsctl ${args[0]} ended with exit code ${exitCode}, not ${expected}`);
}

function require(holds: boolean, claim: string): void {
  console.log(`${holds ? 'holds' : 'DOES NOT HOLD'}: ${claim}`);
  if (!holds) throw new Error(claim);
}

async function countRequests(lab: Lab): Promise<void> {
  say('300 requests from the client through the VIP; the scheduler is wrr with weights 1 and 2');
  const report = await startRequests(lab, VIP_URL, { count: 300, timeoutMs: 2000 }).report;
  for (const [server, { count }] of Object.entries(report.servers).sort()) console.log(`${server}: ${count} requests`);
  console.log(`failed: ${report.failed}`);
  const [web1, web2] = [report.servers['web1']?.count ?? 0, report.servers['web2']?.count ?? 0];
  require(report.failed === 0 && web1 + web2 === 300, 'all 300 were answered');
  require(Math.abs(web1 - 100) <= 1, `web1 : web2 = 100 : 200 ± 1`);
}

async function crash(lab: Lab): Promise<void> {
  say('the MASTER loses its power while a request is made every 10 ms');
  const traffic = startRequests(lab, VIP_URL);
  await traffic.until(({ succeeded }) => succeeded > 100, 20_000);
  console.log('$ lvsctl lab fault power-off lb1 --name demo');
  await powerOff(lab, 'lb1');
  const offMs = Date.now();
  await traffic.until(({ lastSuccessMs }) => lastSuccessMs > offMs + MASTER_DOWN_MS + 2000, 60_000);
  const { longestGap, failed, sent, latestBeginMs } = await traffic.stop();
  console.log(
    `gap without service: ${longestGap.ms.toFixed(0)} ms (master_down is ${MASTER_DOWN_MS.toFixed(0)} ms); ` +
      `${failed} of ${sent} requests failed; the measuring itself was late by ${latestBeginMs.toFixed(1)} ms at worst`,
  );
  require(longestGap.ms <= MASTER_DOWN_MS + TOLERANCE_MS, `the gap is at most master_down + ${TOLERANCE_MS} ms`);
}

/** SSH answers before the agent's unit has started. */
async function untilActive(lab: Lab): Promise<void> {
  const deadline = Date.now() + 60_000;
  while ((await attempt(lab, 'lb1', ['systemctl', 'is-active', 'lvs-agent'])).exitCode !== 0) {
    if (Date.now() > deadline) throw new Error('the agent of lb1 did not start within 60 s of its boot');
  }
}

async function demo(): Promise<void> {
  say('five virtual machines with kernels of their own: two directors, three realservers');
  await lvsctl(['lab', 'up', '--name', LAB]);
  const lab = await openLab(LAB);
  say('what would change');
  await lvsctl(['plan', ...options], 2);
  say('make it so');
  await lvsctl(['apply', ...options, '--yes']);
  await lvsctl(['status', ...options]);
  await countRequests(lab);
  await crash(lab);
  await lvsctl(['status', ...options]);
  say('power is back: the machine boots, and there is nothing to repair');
  console.log('$ lvsctl lab fault power-on lb1 --name demo');
  await powerOn(lab, 'lb1');
  await untilActive(lab);
  await lvsctl(['plan', ...options], 0);
}

const keep = process.argv.includes('--keep');
try {
  await execa('node', ['bin/build.ts'], { cwd: ROOT, stdio: 'inherit' });
  await down(place);
  await demo();
} catch (error) {
  console.error(`\nThe demo failed: ${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
} finally {
  if (keep) console.log(`\nThe lab stays up: end it with bin/lvsctl lab down --name ${LAB}`);
  else await lvsctl(['lab', 'down', '--name', LAB]).catch(() => (process.exitCode = 1));
}
