/** How the advertisements of each instance are protected, on disk: the supervisor writes it, the VRRP process reads it. */
import { type Rings, ringFor } from '../vrrp/protection.ts';
import { readJson } from './json-file.ts';
import { protectedConfigShape, ringsShape } from './protection-shape.ts';
import { accept } from './shape.ts';

export interface RingPaths {
  readonly rings: string;
  /** The last configuration that worked: how things were before there was such a file. */
  readonly lastGood: string;
}

/** undefined: nothing is known of before. @throws the error of a file that cannot be read or used */
export function readRings({ rings, lastGood }: RingPaths): Rings | undefined {
  const stored = readJson(rings);
  if (stored !== undefined) return accept(ringsShape, stored, rings);
  const before = readJson(lastGood);
  if (before === undefined) return undefined;
  const { instances } = accept(protectedConfigShape, before, lastGood).config;
  return Object.fromEntries(
    instances.map(({ name, hmac }) => [
      name,
      ringFor(undefined, hmac === null ? null : { mode: hmac.mode, key: hmac.key.value }),
    ]),
  );
}
