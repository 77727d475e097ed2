/** Our side: `lvsctl apply`, `lvsctl failover`, and lvs-agent on the directors. */
import { resolve } from 'node:path';
import { execa } from 'execa';
import { script } from '../../../vm-lab/exec.ts';
import { clearIpvs, nobodyHolds, untilHeldBy } from './directors.ts';
import type { Peer, Stage } from './peer.ts';

const LVSCTL = resolve(import.meta.dirname, '../../../bin/lvsctl');

/** Waiting longer, the load would come to ports that it has used before. */
const KNOWN_WITHIN = '15s';
/** Also when the successor does not know every connection yet (3): the agents go on relaying. */
const DONE = [0, 3];

const CURL = 'curl -s --max-time 2 --unix-socket /run/lvs-agent/control.sock';

/** Nobody is connected any more; by themselves the agents wait for minutes that somebody might be. */
const END_OF_HAND_OVER = ['outside', 'inside']
  .flatMap((instance) =>
    ['relay', 'lame-duck'].map(
      (what) => `${CURL} -o /dev/null -d '{"instance":"${instance}"}' http://localhost/v1/${what}/end || :`,
    ),
  )
  .join('\n');

interface StateView {
  readonly vrrp?: { readonly instances: readonly { readonly state: string; readonly waitingFor: string | null }[] };
  readonly ipvs?: { readonly inSync: boolean };
}

export const lvsctl: Peer = {
  name: 'lvsctl',
  /** apply gives the realservers and the sysctls that keepalived works with too. */
  async install(stage) {
    await run(stage, ['apply', stage.topology, '--yes']);
    await untilHeldBy(stage.lab, 'lb1', 'lb2');
  },
  async remove({ lab }) {
    for (const director of ['lb2', 'lb1'] as const) {
      await script(lab, director, 'systemctl disable --quiet --now lvs-agent');
      await clearIpvs(lab, director);
    }
    await nobodyHolds(lab);
  },
  stateScript: `${CURL} http://localhost/v1/state`,
  isReady(output) {
    const { vrrp, ipvs } = parsed(output);
    const isEligible = vrrp?.instances.every(({ state, waitingFor }) => /^(MASTER|BACKUP)$/.test(state) && !waitingFor);
    return isEligible === true && vrrp !== undefined && vrrp.instances.length > 0 && ipvs?.inSync === true;
  },
  stop: async ({ lab }, director) => {
    await script(lab, director, 'systemctl stop lvs-agent');
  },
  restore: async ({ lab }, director) => {
    await script(lab, director, `systemctl start lvs-agent\n${END_OF_HAND_OVER}`);
  },
  handOver: async (stage, _from, to, andWaits) => {
    const wait = andWaits ? ['--timeout', KNOWN_WITHIN] : ['--no-wait'];
    await run(stage, ['failover', '--to', to, '--yes', ...wait, '-t', stage.topology], DONE);
  },
};

/** @throws Error with what lvsctl said, for an exit code that is none of these. */
async function run({ lab }: Stage, args: readonly string[], codes: readonly number[] = [0]): Promise<void> {
  const options = { stdin: 'ignore', timeout: 240_000, reject: false } as const;
  const { exitCode, stderr } = await execa(LVSCTL, [...args, '-i', lab.place.inventory], options);
  if (exitCode === undefined || !codes.includes(exitCode))
    throw new Error(`lvsctl ${args[0]} ended with ${exitCode}: ${stderr}`);
}

function parsed(output: string): StateView {
  try {
    return JSON.parse(output);
  } catch {
    return {};
  }
}
