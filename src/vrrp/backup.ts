/** The Backup state: RFC 9568 section 6.4.2, the branches in its order; additions of ours marked. */
import type { EventOf, Instance, Step } from './instance.ts';
import { skewMs } from './intervals.ts';
import { awaitRelay, awaitsRelayUntil, prepareRelay } from './relay.ts';
import { becomeMaster, chain, downMs, letGo, same } from './transition.ts';

/** RFC 9568 section 6.4.2. */
export function advertisementInBackup(instance: Instance, event: EventOf<'advertisement'>, nowMs: number): Step {
  const heard: Instance = { ...instance, advertsReceived: instance.advertsReceived + 1, heardAtMs: nowMs };
  const { priority, advertIntervalMs } = event.advertisement;
  // the MASTER gives up: wait the skew only
  if (priority === 0) {
    const { setup, relay } = heard;
    // ours: it says so again each interval; the time runs from the first
    if (relay?.to === event.source && relay.handsOver) return same(heard);
    const dueMs = nowMs + skewMs(setup.version, heard.priority, heard.masterAdvertMs);
    const waiting = chain(letGo(heard), (next) => same({ ...next, wantsMaster: false, masterDownAtMs: dueMs }));
    return heard.waitingFor === null
      ? chain(waiting, (next) => prepareRelay(next, event.source, dueMs, nowMs))
      : waiting;
  }
  // not pre-empting, or not better: it is the MASTER
  if (priority >= heard.priority || !mayPreempt(heard, nowMs)) {
    const masterAdvertMs = heard.setup.version === 3 ? advertIntervalMs : heard.setup.advertIntervalMs;
    const preemptFromMs = priority >= heard.priority ? null : preemptFrom(heard, nowMs);
    const accepted: Instance = {
      ...heard,
      masterAdvertMs,
      master: event.source,
      wantsMaster: false,
      preemptFromMs,
      relay: null,
    };
    return chain(letGo(accepted), (next) => same({ ...next, masterDownAtMs: nowMs + downMs(next) }));
  }
  // pre-empt: discard, the timer runs on
  return heard.waitingFor === null ? prepareRelay(heard, event.source, null, nowMs) : same(heard);
}

/** The owner of the addresses always may (RFC 9568 section 6.1, Preempt_Mode), unless it gave the role away. */
function mayPreempt(instance: Instance, nowMs: number): boolean {
  const { setup, priority, yielded } = instance;
  return (setup.preempt || priority === 255) && !yielded && nowMs >= preemptFrom(instance, nowMs);
}

/** preempt_delay (ours, as keepalived's): counted from when a lower-priority MASTER is first heard. */
function preemptFrom({ preemptFromMs, setup }: Instance, nowMs: number): number {
  return preemptFromMs ?? nowMs + setup.preemptDelayMs;
}

/** RFC 9568 section 6.4.2, the Active_Down_Timer. */
export function timeInBackup(instance: Instance, _event: EventOf<'time'>, nowMs: number): Step {
  const { masterDownAtMs, setup } = instance;
  if (masterDownAtMs === null || nowMs < masterDownAtMs) return same(instance);
  // ours: not eligible yet; listen one interval more
  if (instance.waitingFor !== null)
    return same({ ...instance, master: null, masterDownAtMs: nowMs + instance.masterAdvertMs });
  // ours: whoever hands over to us serves meanwhile
  const untilMs = awaitsRelayUntil(instance, nowMs);
  if (untilMs !== undefined) return awaitRelay(instance, masterDownAtMs, untilMs);
  // ours: a sync group goes as a whole
  if (setup.syncGroup !== null) return same({ ...instance, masterDownAtMs: null, wantsMaster: true });
  return becomeMaster(instance, nowMs, whyMaster(instance));
}

function whyMaster({ master, relay }: Instance): string {
  if (relay !== null) return relay.handsOver ? `${relay.to} hands over` : `${relay.to} is pre-empted`;
  return master === null ? 'nobody else advertises' : `${master} is not heard any more`;
}

/** The running timer moves by the difference of the skews (keepalived's vrrp_set_effective_priority). */
export function priorityInBackup(instance: Instance, { priority }: EventOf<'priority'>): Step {
  const { masterDownAtMs, setup, masterAdvertMs } = instance;
  const byMs =
    skewMs(setup.version, priority, masterAdvertMs) - skewMs(setup.version, instance.priority, masterAdvertMs);
  return same({ ...instance, priority, masterDownAtMs: masterDownAtMs === null ? null : masterDownAtMs + byMs });
}
