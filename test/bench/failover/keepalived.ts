/**
 * The other side: Debian's keepalived, its configuration written from the same setting, as people run it: no real-time
 * priority. Its planned hand-over is what is nearest to ours: the BACKUP gets a priority above the MASTER's, may preempt, and
 * is told to reload, so it takes over before the MASTER lets go.
 */
import { run, script } from '../../../vm-lab/exec.ts';
import { type KeepalivedWish, keepalivedText } from './cluster.ts';
import { clearIpvs, nobodyHolds, untilHeldBy } from './directors.ts';
import type { Peer, Stage } from './peer.ts';
import { type Director, PRIORITIES } from './plan.ts';

const CONF = '/etc/keepalived/keepalived.conf';
const ABOVE_ALL = Math.max(...Object.values(PRIORITIES)) + 40;

/** Says whether it had another one before. */
async function configure({ lab, setting }: Stage, director: Director, wish: KeepalivedWish = {}): Promise<boolean> {
  const write = `umask 077; cat >${CONF}.new; cmp -s ${CONF}.new ${CONF} && echo same; mv ${CONF}.new ${CONF}`;
  return (await run(lab, director, ['sh', '-c', write], keepalivedText(setting, director, wish))) !== 'same';
}

export const keepalived: Peer = {
  name: 'keepalived',
  async install(stage) {
    for (const director of ['lb1', 'lb2'] as const) await configure(stage, director);
    await script(stage.lab, 'lb1', 'systemctl enable --quiet --now keepalived');
    await untilHeldBy(stage.lab, 'lb1');
    await script(stage.lab, 'lb2', 'systemctl enable --quiet --now keepalived');
  },
  async remove({ lab }) {
    for (const director of ['lb2', 'lb1'] as const) {
      await script(lab, director, 'systemctl disable --quiet --now keepalived');
      await clearIpvs(lab, director);
    }
    await nobodyHolds(lab);
  },
  stateScript: 'systemctl is-active keepalived',
  isReady: (output) => output.trim() === 'active',
  stop: async ({ lab }, director) => {
    await script(lab, director, 'systemctl stop keepalived');
  },
  restore: async (stage, director) => {
    const verb = (await configure(stage, director)) ? 'reload-or-restart' : 'start';
    await script(stage.lab, director, `systemctl ${verb} keepalived`);
  },
  handOver: async (stage, _from, to) => {
    await configure(stage, to, { priority: ABOVE_ALL, preempts: true });
    await script(stage.lab, to, 'systemctl reload keepalived');
  },
};
