/** All rounds of a mode, in a lab of their own: for each timer first the one peer, then the other. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { script } from '../../../vm-lab/exec.ts';
import { type Lab, openLab } from '../../../vm-lab/lab.ts';
import { CLIENT_SOURCES } from '../../../vm-lab/layout.ts';
import { placeOf } from '../../../vm-lab/place.ts';
import { down, up } from '../../../vm-lab/up.ts';
import { BUSY_ADVERT_MS, type Busy, busy } from './busy.ts';
import { REALSERVERS, topologyText } from './cluster.ts';
import { keepalived } from './keepalived.ts';
import { lvsctl } from './lvsctl.ts';
import type { Peer, Stage } from './peer.ts';
import type { BenchPlan, Mode } from './plan.ts';
import { type Round, round } from './round.ts';
import { roundText } from './table.ts';

export interface Figures {
  readonly rounds: Round[];
  readonly busy: Busy[];
  /** The time that was given is up, or somebody wants an end: nothing further begins. */
  readonly isOver: () => boolean;
  readonly note: (text: string) => void;
}

/** Ours comes first: its apply gives the realservers and the sysctls to both. */
const PEERS: readonly Peer[] = [lvsctl, keepalived];

/** Fresh machines for each mode; the timers change by an apply. */
export async function measureMode(plan: BenchPlan, mode: Mode, folder: string, figures: Figures): Promise<void> {
  const place = placeOf('bench-failover');
  await down(place);
  await up(place, { profile: 'default' });
  try {
    const lab = await openLab(place.name);
    await prepare(lab);
    const sources = inTurn(CLIENT_SOURCES);
    for (const advertMs of plan.advertsMs) {
      const setting = { mode, advertMs };
      const topology = join(folder, `${mode}-${advertMs}.yaml`);
      await writeFile(topology, topologyText(setting));
      await measureSetting(plan, { lab, setting, topology }, sources, figures);
    }
  } finally {
    await down(place);
  }
}

/** Downloads that last without filling this machine's processors. */
async function prepare(lab: Lab): Promise<void> {
  const slower = "sed -i 's/limit_rate 2m/limit_rate 256k/' /etc/nginx/conf.d/lab.conf; systemctl reload nginx";
  for (const realserver of REALSERVERS) await script(lab, realserver, slower);
}

function inTurn(all: readonly string[]): () => string {
  let taken = 0;
  return () => all[taken++ % all.length] ?? '';
}

async function measureSetting(plan: BenchPlan, stage: Stage, source: () => string, figures: Figures): Promise<void> {
  for (const peer of PEERS) {
    if (figures.isOver()) return;
    const isWanted = plan.peers.includes(peer.name);
    if (!isWanted && peer !== lvsctl) continue;
    figures.note(`${stage.setting.mode}, ${stage.setting.advertMs} ms: ${peer.name}`);
    await peer.install(stage);
    if (isWanted) await measurePeer(plan, stage, peer, source, figures);
    await peer.remove(stage);
  }
}

async function measurePeer(
  plan: BenchPlan,
  stage: Stage,
  peer: Peer,
  source: () => string,
  { rounds, busy: busyRuns, isOver, note }: Figures,
): Promise<void> {
  for (const rate of plan.rates) {
    for (const fault of plan.faults) {
      for (let run = 0; run < plan.runs && !isOver(); run += 1) {
        const one = await round({ stage, peer, rate, fault, source });
        note(`  ${roundText(one)}`);
        rounds.push(one);
      }
    }
  }
  const { mode, advertMs } = stage.setting;
  if (plan.busySeconds === 0 || mode !== 'dr' || advertMs !== BUSY_ADVERT_MS || isOver()) return;
  note(`  three busy loops for ${plan.busySeconds} s`);
  busyRuns.push(await busy(stage, peer, plan.busySeconds, source()));
}
