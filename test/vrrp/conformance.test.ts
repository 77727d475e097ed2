/** Every folder of test/vrrp/conformance, played; LVSCTL_TEST_REWRITE=1 writes what came out as what is expected. */
import { describe, expect, it } from 'vitest';
import type { DropReason } from '../../src/vrrp/accept.ts';
import type { ForgeryReason } from '../../src/vrrp/authenticity.ts';
import { play, readCases, rewrite } from './conformance-case.ts';

const CASES = readCases();

describe('conformance', () => {
  it.each(CASES.map((one) => [one.name, one] as const))('%s', (_name, one) => {
    const outputs = play(one);
    if (process.env['LVSCTL_TEST_REWRITE'] === '1') rewrite(one, outputs);
    else expect(outputs).toEqual(one.outputs);
  });

  it.each(CASES.map((one) => [one.name, one.setup] as const))('%s says whence it is', (_name, { rfc, asks, ours }) => {
    expect(rfc).toMatch(/^RFC (9568|5798|3768|2338|5227|4862) section \d+(\.\d+)*(, erratum \d+)?$|^none$/);
    expect(asks).toMatch(/^[A-Z].*\.$/);
    if (rfc === 'none') expect(ours).toMatch(/\.$/);
  });
});

/** Every one of the type: a new reason needs a case. Those of signatures hang on keys and clocks: authenticity.test.ts. */
const REASONS: Readonly<Record<Exclude<DropReason, ForgeryReason>, true>> = {
  truncated: true,
  version: true,
  type: true,
  'no-addresses': true,
  length: true,
  interval: true,
  checksum: true,
  ttl: true,
  transport: true,
  'own-source': true,
  'unknown-source': true,
  'authentication-type': true,
  password: true,
  'version-mismatch': true,
  'interval-mismatch': true,
};

const MOVES = [
  'INIT -> BACKUP',
  'INIT -> MASTER',
  'INIT -> FAULT',
  'BACKUP -> INIT',
  'BACKUP -> MASTER',
  'BACKUP -> FAULT',
  'MASTER -> INIT',
  'MASTER -> BACKUP',
  'MASTER -> FAULT',
  'FAULT -> INIT',
  'FAULT -> BACKUP',
];

describe('the cases', () => {
  const outputs = CASES.flatMap((one) => one.outputs);
  it('have every reason for which a packet is not believed', () => {
    const seen = outputs.flatMap(({ packet }) => packet?.replace(/^(dropped|foreign): /, '') ?? []);
    expect(Object.keys(REASONS).filter((reason) => !seen.includes(reason))).toEqual([]);
  });

  it('have every move between states', () => {
    const seen = outputs.flatMap(({ effects }) => effects.map(String));
    expect(MOVES.filter((move) => !seen.includes(move))).toEqual([]);
  });
});
