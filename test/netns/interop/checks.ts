/** What is asserted of a stage, each waited for where it takes its time. */
import { expect } from 'vitest';
import { until } from '../vrrp/until.ts';
import type { Part, Stage } from './stage.ts';

/** Every advertisement of both was what its sender was configured for, as the other's side received it. */
export function checkWhatWasSent({ witness, first, second }: Stage): void {
  for (const part of [first, second])
    for (const advert of witness.seen.filter(({ source }) => source === part.speaker.source))
      expect(advert).toMatchObject(advertOf(part));
  const strangers = witness.seen.filter(
    ({ source }) => ![first.speaker.source, second.speaker.source].includes(source),
  );
  expect(strangers).toEqual([]);
}

function advertOf({ isUs, conf }: Part) {
  const { version, family, transport, intervalMs, vips, password, checksum, peer } = conf;
  const group = family === 4 ? '224.0.0.18' : 'ff02::12';
  return {
    version,
    vrid: 51,
    intervalMs,
    addresses: vips,
    password,
    destination: transport === 'multicast' ? group : peer,
    checksum: checksum ?? (version === 2 ? 'plain' : 'pseudo-header'),
    // keepalived leaves IPv6 unicast at the kernel's 64: there no receiver may ask for 255
    ...(isUs || transport === 'multicast' ? { ttl: 255 } : {}),
  };
}

/** Who answers for which addresses in the end. */
export async function owned({ speaker, conf }: Part, which: 'all' | 'none'): Promise<void> {
  const isRight = (): boolean => conf.vips.every((vip) => speaker.holds(vip) === (which === 'all'));
  await until(`${speaker.source} holds ${which} of ${conf.vips.join()}`, isRight, 15_000, 200);
}

/** The second tells every neighbour that it has the addresses. */
export async function announced({ witness }: Stage, { conf, speaker }: Part, sinceMs: number): Promise<void> {
  const mac = witness.last(speaker.source)?.mac;
  for (const vip of conf.vips)
    await until(`${vip} is announced at ${mac}`, () =>
      witness.announcements.find((one) => one.address === vip && one.mac === mac && one.atMs >= sinceMs),
    );
}

/** Nothing is heard of it any more, while the other speaks three times. */
export async function silent({ witness }: Stage, one: Part, other: Part, sinceMs: number): Promise<void> {
  let atMs = sinceMs;
  for (let count = 0; count < 3; count++) atMs = (await witness.next(other.speaker.source, atMs)).atMs;
  const said = witness.seen.filter((advert) => advert.source === one.speaker.source && advert.atMs > sinceMs);
  expect(said).toEqual([]);
}

/** It speaks so often, and more than once means: after the second has begun to. */
export async function speaksOn({ witness, second }: Stage, { speaker }: Part, times: number): Promise<void> {
  let atMs = times > 1 ? (await witness.next(second.speaker.source, 0)).atMs - 1 : 0;
  for (let count = 0; count < times; count++) atMs = (await witness.next(speaker.source, atMs)).atMs;
}
