/** A segment with us and a peer on it, one of them MASTER, and a witness at the peer's side. */
import { masterDownMs, skewMs } from '../../../src/vrrp/intervals.ts';
import { VrrpLan } from '../vrrp/lan.ts';
import type { Witness } from '../vrrp/witness.ts';
import type { Cell } from './cells.ts';
import { checkWhatWasSent } from './checks.ts';
import { frr } from './frr.ts';
import { keepalived } from './keepalived.ts';
import { ours } from './ours.ts';
import { ownAddress, type Speaker, type SpeakerConf } from './speaker.ts';

/** What a machine that others share may take longer than a quiet one. */
export const PATIENCE_MS = 2000;
/** As short as the versions allow a busy machine: version 2 counts whole seconds. */
const INTERVAL_MS = { 2: 1000, 3: 500 } as const;

export interface Part {
  readonly isUs: boolean;
  readonly speaker: Speaker;
  readonly conf: SpeakerConf;
}

/** `first` becomes MASTER before `second` is started. */
export interface Stage {
  readonly cell: Cell;
  readonly witness: Witness;
  readonly first: Part;
  readonly second: Part;
}

/** What a scenario changes of the two; the rest is as the cell says. */
export interface Casting {
  readonly first?: Partial<SpeakerConf>;
  readonly second?: Partial<SpeakerConf>;
}

/** RFC 9568 section 5.2.9 wants the link-local address first. */
export function vipsOf({ family }: Cell, number = 100): string[] {
  return family === 4 ? [`10.9.0.${number}`] : [`fe80::${number}`, `fd09::${number}`];
}

function confOf(cell: Cell, role: 'first' | 'second', isUs: boolean, change: Partial<SpeakerConf>): SpeakerConf {
  const { version, family, transport, peer } = cell;
  return {
    version,
    family,
    transport,
    priority: role === 'first' ? 200 : 100,
    preempt: false,
    intervalMs: INTERVAL_MS[version],
    vips: vipsOf(cell),
    // the right password by multicast, none by unicast
    password: version === 2 && peer === 'keepalived' && transport === 'multicast' ? 's3cret' : null,
    peer: ownAddress(isUs ? 'them' : 'us', family),
    ...change,
  };
}

/** Sets the stage, plays, and takes everything away. @param play the first is MASTER, the second not started */
export async function onStage(cell: Cell, casting: Casting, play: (stage: Stage) => Promise<void>): Promise<void> {
  const lan = new VrrpLan();
  try {
    lan.addHost('us', { eth1: ['10.9.0.1', 'fd09::1'] });
    lan.addHost('them', { eth1: ['10.9.0.2', 'fd09::2'] });
    const witness = await lan.watch({ host: 'them' });
    const part = (role: 'first' | 'second'): Part => {
      const isUs = (role === 'first') === (cell.master === 'us');
      const make = isUs ? ours : cell.peer === 'keepalived' ? keepalived : frr;
      const conf = confOf(cell, role, isUs, casting[role] ?? {});
      return { isUs, conf, speaker: make(lan, isUs ? 'us' : 'them', conf) };
    };
    const stage: Stage = { cell, witness, first: part('first'), second: part('second') };
    await stage.first.speaker.start();
    await witness.next(stage.first.speaker.source, 0);
    await play(stage);
    checkWhatWasSent(stage);
  } finally {
    lan.close();
  }
}

/** The second starts, and has heard the first since. */
export async function secondJoins({ witness, first, second }: Stage): Promise<void> {
  await second.speaker.start();
  const sinceMs = Date.now();
  await witness.next(first.speaker.source, (await witness.next(first.speaker.source, sinceMs)).atMs);
}

/** Three intervals and a skew after the last word of the first. */
export function downOf({ first, second }: Stage): number {
  const { version, priority } = second.conf;
  return masterDownMs(version, priority, version === 3 ? first.conf.intervalMs : second.conf.intervalMs);
}

export function skewOf({ second: { conf } }: Stage): number {
  return skewMs(conf.version, conf.priority, conf.intervalMs);
}
