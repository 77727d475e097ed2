/**
 * Before an instance serves for the first time it finds out whether somebody else has its addresses: the probe of RFC 5227
 * section 2.1 (duplicate address detection of RFC 4862 section 5.4 for IPv6), with what a virtual router changes in it. Pure.
 *
 * - **When.** After a start that found none of the addresses here, and for an instance that is new to a running process; never on
 *   adoption, never for addresses that the process knew before. Whoever has heard one advertisement of its virtual router asks no
 *   more, ever: from then on an address that is answered for is the MASTER's, and a failover is not a moment for questions.
 * - **It costs no time** where the start gate takes as long anyway: three probes, the last of them to be answered by the time that
 *   the link counts as up. RFC 5227 has seconds between them (PROBE_MIN, ANNOUNCE_WAIT); ours are 200 ms apart.
 * - **An answer counts only in silence.** A MASTER answers for its addresses, a new one announces them before its first unicast
 *   advertisement has found its way: nothing is concluded before master_down has passed and nobody has advertised.
 * - **Two that start at once** probe for the same addresses: a probe has no sender address, and says nothing (RFC 5227 section
 *   2.1.1 would take it for a conflict; here both are to have the address, in turn).
 * - **A director is no foreigner** (owners.ts): one that still has an address without advertising is about to adopt it, or to hear
 *   of us and let go. Neither is a router that answers for every address (proxy ARP), our own included.
 * - **The result of a foreign owner is FAULT**, on both directors if both can hear it, so that nobody serves. That is meant: where
 *   nobody has served (at the first start, and when all directors come back from a power cut) nothing is lost by it, and a second
 *   owner would take part of the clients, silently and for as long as it likes. A director that can hear no foreign owner serves,
 *   and its first advertisement ends the fault of the others. It is asked again every master_down, three seconds at least, and
 *   heals by itself.
 *
 * A probe that cannot be sent or is lost finds nobody, so what is not known keeps nobody from serving.
 */
import type { Address, Family } from '../wire/address.ts';
import type { Cursor } from './cursor.ts';
import type { Effect, Instance } from './instance.ts';
import { PROBE_EVERY_MS, PROBED_MS, PROBES } from './intervals.ts';
import { type Asked, askedFor, type Claim, foreignOwners, ownerFaults } from './owners.ts';
import type { Router } from './router.ts';
import type { Standing, Surroundings } from './tracking.ts';
import { downMs } from './transition.ts';
import { askedOn } from './virtual-mac.ts';

/** Of an instance that may not serve before its addresses are found free. */
export interface Probing {
  readonly addresses: readonly Address[];
  /** When the first probe of all was sent: heard since then is nobody who advertises. null: not begun. */
  readonly sinceMs: number | null;
  /** Of the round that runs. */
  readonly sent: number;
  /** Of the round that runs: the next probe, its end, or, after an answer, the end of the silence. null: none runs. */
  readonly nextAtMs: number | null;
  /** The next round begins no sooner. */
  readonly againAtMs: number;
  /** Of the round that runs; of VIPs, and of addresses whose answers tell who is who. */
  readonly claims: readonly Claim[];
  /** Foreign owners, by the last round that is over. */
  readonly owners: readonly Claim[];
}

const LEAST_AGAIN_MS = 3_000;
/** Whatever is sent to us. */
const MOST_CLAIMS = 256;

export function newProbing(addresses: readonly Address[], nowMs: number): Probing {
  return { addresses, sinceMs: null, sent: 0, nextAtMs: null, againAtMs: nowMs, claims: [], owners: [] };
}

/** One step of every instance that probes, where one is due. */
export function probe(cursor: Cursor): void {
  for (const [name, probing] of Object.entries(cursor.probing)) {
    const instance = cursor.get(name);
    const isWaiting = instance?.state === 'BACKUP' || instance?.state === 'FAULT';
    put(cursor, name, isWaiting ? advance(cursor, probing, instance) : undefined);
  }
}

/** Somebody advertises: whoever answers for the addresses is that MASTER. @returns whether it had been asked who that is */
export function heardMaster(cursor: Cursor, name: string): boolean {
  const isProbing = Object.hasOwn(cursor.probing, name);
  put(cursor, name, undefined);
  return isProbing;
}

/** Somebody says that it has an address: of those that were asked for it is remembered. */
export function heardClaim(cursor: Cursor, claim: Claim): void {
  for (const [name, probing] of Object.entries(cursor.probing)) {
    const isKnown = probing.claims.some((one) => sameClaim(one, claim));
    if (probing.nextAtMs === null || isKnown || probing.claims.length >= MOST_CLAIMS) continue;
    const isAsked = askedBy(cursor, name, probing).some(
      ({ interface: on, wanted, telling }) => on === claim.interface && [...wanted, ...telling].includes(claim.address),
    );
    if (isAsked) put(cursor, name, { ...probing, claims: [...probing.claims, claim] });
  }
}

function askedBy(cursor: Cursor, name: string, { addresses }: Probing): Asked[] {
  const instance = cursor.get(name);
  if (instance === undefined) return [];
  const vips = new Set(cursor.instances.flatMap(({ setup }) => setup.addresses.map(({ address }) => address)));
  return askedFor(addresses, instance.setup, cursor.around, vips);
}

/** @param probing - undefined: it has nothing more to ask */
function put(cursor: Cursor, name: string, probing: Probing | undefined): void {
  if (probing === cursor.probing[name]) return;
  const { [name]: _before, ...others } = cursor.probing;
  cursor.probing = probing === undefined ? others : { ...others, [name]: probing };
}

/** What it makes of an instance's standing: a foreign owner is a fault, what is not known yet a gate. */
export function probedStanding(standing: Standing, probing: Probing | undefined, instance: Instance): Standing {
  if (probing === undefined || instance.state === 'MASTER') return standing;
  const faults = [...standing.faults, ...ownerFaults(probing.owners)];
  if (probing.owners.length > 0) return { ...standing, faults };
  return { ...standing, waitingFor: standing.waitingFor ?? 'what neighbours answer to probes for its addresses' };
}

/** When its next step is due, or null: the interface is waited for. */
export function probingDeadlineMs(probing: Probing, instance: Instance, around: Surroundings): number | null {
  return probing.nextAtMs ?? beginAtMs(probing, instance, around);
}

/** Where somebody may answer now. */
export function probedLinks({
  probing = {},
  instances,
}: Pick<Router, 'probing' | 'instances'>): { readonly interface: string; readonly family: Family }[] {
  const links = Object.entries(probing).flatMap(([name, { nextAtMs }]) => {
    const setup = instances[name]?.setup;
    if (nextAtMs === null || setup === undefined) return [];
    return setup.addresses.map((one) => ({ interface: askedOn(setup, one), family: setup.family }));
  });
  const byKey = new Map(links.map((one) => [`${one.interface} ${one.family}`, one]));
  return [...byKey.values()];
}

/** @returns undefined when its addresses are free, or no longer ours */
function advance(cursor: Cursor, probing: Probing, instance: Instance): Probing | undefined {
  const { nowMs, around } = cursor;
  const asked = askedBy(cursor, instance.setup.name, probing);
  if (asked.length === 0) return undefined;
  const beginMs = beginAtMs(probing, instance, around);
  if (beginMs === null) return probing.nextAtMs === null ? probing : { ...probing, sinceMs: null, nextAtMs: null };
  if (probing.nextAtMs === null) {
    if (nowMs < beginMs) return probing;
    cursor.effects.push(...asked.map((one) => probeOf(instance, one)));
    const sinceMs = probing.sinceMs ?? nowMs;
    return { ...probing, sinceMs, sent: 1, nextAtMs: nowMs + PROBE_EVERY_MS, claims: [] };
  }
  if (nowMs < probing.nextAtMs) return probing;
  if (probing.sent < PROBES) {
    cursor.effects.push(...asked.map((one) => probeOf(instance, one)));
    return { ...probing, sent: probing.sent + 1, nextAtMs: nowMs + PROBE_EVERY_MS };
  }
  return concluded(nowMs, probing, instance, foreignOwners(probing.claims, asked, instance.setup));
}

function concluded(nowMs: number, probing: Probing, instance: Instance, owners: readonly Claim[]): Probing | undefined {
  if (owners.length === 0) return undefined;
  const silentAtMs = (probing.sinceMs ?? nowMs) + downMs(instance); // whoever is MASTER has advertised by then
  if (nowMs < silentAtMs) return { ...probing, nextAtMs: silentAtMs };
  const againAtMs = nowMs + Math.max(downMs(instance), LEAST_AGAIN_MS);
  return { ...probing, sent: 0, nextAtMs: null, againAtMs, claims: [], owners };
}

/** So that the round is over when the link counts as up: what is switched on with it has had the most time to forward frames. */
function beginAtMs({ againAtMs }: Probing, { setup }: Instance, { interfaces }: Surroundings): number | null {
  const { upSinceMs = null } = interfaces[setup.interface] ?? {};
  if (upSinceMs === null) return null;
  return Math.max(upSinceMs + Math.max(0, setup.startAfter.linkUpMs - PROBED_MS), againAtMs);
}

function probeOf({ setup }: Instance, { interface: on, wanted, telling }: Asked): Effect {
  return { type: 'probe', instance: setup.name, interface: on, addresses: [...new Set([...wanted, ...telling])] };
}

function sameClaim(one: Claim, other: Claim): boolean {
  return one.interface === other.interface && one.address === other.address && one.mac === other.mac;
}
