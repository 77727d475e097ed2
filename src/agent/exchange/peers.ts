/** What is known of the other directors: who was heard when, whom to believe, and what that means for this one. Pure. */
import type { ExchangePoint } from '../../config/exchange.ts';
import type { ExchangeMessage } from '../../wire/exchange.ts';

export interface Peer extends ExchangePoint {
  /** The last message that was believed; null: none yet. */
  readonly heard: Heard | null;
  /** The last that was not, if none was believed since; and why, as a sentence's end. */
  readonly refused: { readonly atMs: number; readonly why: string } | null;
}

export interface Heard extends Omit<ExchangeMessage, 'cluster' | 'director' | 'entries'> {
  /** CLOCK_MONOTONIC ms. */
  readonly atMs: number;
}

/** What this director is, in the same terms. */
export interface Own {
  readonly cluster: string;
  readonly generation: number;
  readonly hash: string;
  readonly digest: string;
  /** First addresses of the virtual routers that it is MASTER of. */
  readonly masters: readonly string[];
  /** First addresses of those that it does not see well. */
  readonly blind: readonly string[];
}

/** How far two directors' clocks may be apart: what is older is a repetition of something overheard. */
const CLOCKS_MS = 60_000;
/** By then whatever was overheard is too old to be repeated, and a sender whose clock went back may count from there. */
const FORGET_MS = 2 * CLOCKS_MS;
/** Ten messages lost in a row are no accident. */
const SILENT_MS = 10_000;

/** Why a message is not believed; null: it is. Its seal has been checked. */
export function doubtOf(message: ExchangeMessage, { cluster }: Own, director: string, wallMs: number): string | null {
  if (message.cluster !== cluster) return `it belongs to cluster ${message.cluster}`;
  if (message.director !== director) return `it calls itself ${message.director}`;
  const apartMs = message.sentAt - wallMs;
  if (Math.abs(apartMs) <= CLOCKS_MS) return null;
  return `its clock is ${Math.round(Math.abs(apartMs) / 1000)} s ${apartMs > 0 ? 'ahead' : 'behind'}: set the clocks (NTP)`;
}

/** Not a repetition. A sender that starts anew counts anew; what an older process of it said never comes again. */
export function isNews(message: ExchangeMessage, heard: Heard | null, nowMs: number): boolean {
  if (heard === null || nowMs - heard.atMs > FORGET_MS) return true;
  if (message.startedAt !== heard.startedAt) return message.startedAt > heard.startedAt;
  return message.counter > heard.counter;
}

export function isSilent({ heard }: Peer, sinceMs: number, nowMs: number): boolean {
  return nowMs - (heard?.atMs ?? sinceMs) >= SILENT_MS;
}

/** The peer with the newest configuration, if that is newer than `generation`. */
export function newerThan(generation: number, peers: readonly Peer[]): { director: string; generation: number } | null {
  const newest = peers
    .flatMap(({ director, heard }) => (heard === null ? [] : [{ director, generation: heard.generation }]))
    .reduce((a, b) => (b.generation > a.generation ? b : a), { director: '', generation });
  return newest.generation > generation ? newest : null;
}

/** Who says, and is heard, that it is MASTER of a virtual router with one of these addresses. */
export function masterAmong(
  vips: readonly string[],
  peers: readonly Peer[],
  sinceMs: number,
  nowMs: number,
): Peer | undefined {
  return peers.find(
    (peer) => !isSilent(peer, sinceMs, nowMs) && peer.heard?.masters.some((address) => vips.includes(address)),
  );
}

/** Whether one knows the same of configuration and realservers. */
export function agrees({ heard }: Peer, own: Own): boolean {
  return (
    heard !== null && heard.generation === own.generation && heard.hash === own.hash && heard.digest === own.digest
  );
}

/** What an operator should know, one sentence each. @param sinceMs from when on they are listened for */
export function peerAlarms(peers: readonly Peer[], own: Own, sinceMs: number, nowMs: number): string[] {
  return peers.flatMap((peer) => {
    const { director, heard, refused } = peer;
    if (refused !== null && nowMs - refused.atMs < SILENT_MS) return [`${director} is not believed: ${refused.why}`];
    if (isSilent(peer, sinceMs, nowMs)) {
      const seconds = Math.round((nowMs - (heard?.atMs ?? sinceMs)) / 1000);
      return [`${director} was not heard from for ${seconds} s`];
    }
    return heard === null ? [] : differences(director, heard, own);
  });
}

function differences(director: string, { generation, hash }: Heard, own: Own): string[] {
  if (generation !== own.generation) {
    return [`${director} has generation ${generation} of the configuration, this director ${own.generation}`];
  }
  return hash === own.hash ? [] : [`${director} has another configuration under generation ${generation}`];
}
