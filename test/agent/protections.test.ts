import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { StoredConfig } from '../../src/agent/config-shape.ts';
import { Journal } from '../../src/agent/journal.ts';
import { Protections } from '../../src/agent/protections.ts';
import { readRings } from '../../src/agent/stored-rings.ts';
import type { InstanceConfig } from '../../src/config/instance.ts';
import { FakeClock } from '../../src/kernel/fake-clock.ts';
import type { InstanceReport, ToVrrp } from '../../src/vrrp/link.ts';
import { signingKey } from '../../src/vrrp/protection.ts';
import { address, configuration, instance } from '../vrrp/configuration.ts';

const key = (number: number): string => `${number} hex:${'0a'.repeat(32)}`;
const signed = (number: number, more: Partial<InstanceConfig> = {}): InstanceConfig =>
  instance({ hmac: { key: { source: 'literal', value: key(number) }, mode: 'enforce' }, ...more });

let folder: string;
let clock: FakeClock;
let lines: string[];
let sent: ToVrrp[];
/** Directors that have told the generation. */
let have: Set<string>;
let formerAt: number | null;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lvs-protections-'));
  clock = new FakeClock(1_000_000);
  [lines, sent, have, formerAt] = [[], [], new Set(), null];
});
afterEach(() => rmSync(folder, { recursive: true }));

const paths = () => ({ rings: join(folder, 'hmac.json'), lastGood: join(folder, 'last-good.json') });
const started = (): Protections =>
  new Protections({
    paths: paths(),
    clock,
    journal: new Journal(
      (line) => lines.push(line),
      () => clock.wall(),
    ),
    has: (director, { generation }) => have.has(`${director} ${generation}`),
    reports: () => [{ name: 'public', hmac: { formerAt } } as InstanceReport],
    send: (message) => sent.push(message),
  });
const config = (generation: number, one: InstanceConfig): StoredConfig => ({
  generation,
  hash: 'h',
  self: 'a',
  config: configuration([one]),
});
const onDisk = () => readRings(paths())?.['public'];
const keyId = (): number | null | undefined => {
  const ring = onDisk();
  return ring === undefined ? undefined : (signingKey(ring)?.id ?? null);
};

describe('another key', () => {
  it('is signed with when all others have told that they have it, and the former is forgotten a minute later', () => {
    const protections = started();
    protections.follow(config(1, signed(1)));
    protections.follow(config(2, signed(2)));
    expect([keyId(), sent]).toEqual([1, [{ type: 'protections' }, { type: 'protections' }]]);
    expect(lines.at(-1)).toContain('public signs with key 1 as before until all directors have this configuration');
    have.add('b 1');
    protections.judge();
    expect(keyId()).toBe(1);
    have.add('b 2');
    protections.judge();
    expect([keyId(), onDisk()?.former.length]).toEqual([2, 1]);
    expect(lines.at(-1)).toContain('public signs with key 2 from now on');
    clock.advance(59_000);
    protections.judge();
    expect(onDisk()?.former.length).toBe(1);
    clock.advance(1_000);
    protections.judge();
    expect(onDisk()?.former).toEqual([]);
    expect(lines.at(-1)).toContain('public believes no former kind of advertisement any more');
  });

  it('leaves the former believed for as long as it is heard', () => {
    const protections = started();
    protections.follow(config(1, signed(1)));
    have.add('b 2');
    protections.follow(config(2, signed(2)));
    protections.judge();
    clock.advance(300_000);
    formerAt = clock.wall() - 30_000;
    protections.judge();
    expect(onDisk()?.former.length).toBe(1);
    clock.advance(30_000);
    protections.judge();
    expect(onDisk()?.former).toEqual([]);
  });

  it('leaves it for ten minutes where a speaker is changed by hand', () => {
    const protections = started();
    const more = { foreignPeers: [address('10.9.0.14')] };
    protections.follow(config(1, signed(1, more)));
    have.add('b 2');
    protections.follow(config(2, signed(2, more)));
    protections.judge();
    clock.advance(590_000);
    protections.judge();
    expect(onDisk()?.former.length).toBe(1);
    clock.advance(10_000);
    protections.judge();
    expect(onDisk()?.former).toEqual([]);
  });

  it('is told as an alarm when it does not come about', () => {
    const protections = started();
    protections.follow(config(1, signed(1)));
    protections.follow(config(2, signed(2)));
    clock.advance(59_000);
    expect(protections.alarms()).toEqual([]);
    clock.advance(1_000);
    expect(protections.alarms()).toEqual([
      'public still signs with key 1 as before: b has not told that it has this configuration',
    ]);
  });

  it('survives a restart at any moment, also one between the configuration and the file', () => {
    started().follow(config(1, signed(1)));
    const again = started();
    again.follow(config(2, signed(2)));
    expect(keyId()).toBe(1);
    const third = started();
    third.follow(config(2, signed(2)));
    expect([keyId(), onDisk()?.former.length]).toEqual([1, 1]);
    clock.advance(60_000);
    expect(third.alarms()).toHaveLength(1);
    have.add('b 2');
    third.judge();
    expect(keyId()).toBe(2);
  });

  it('that is refused and rolled back goes nowhere', () => {
    const protections = started();
    protections.follow(config(1, signed(1)));
    protections.follow(config(2, signed(2)));
    protections.follow(config(1, signed(1)));
    expect([keyId(), onDisk()?.former.length]).toEqual([1, 1]);
  });
});

describe('signing', () => {
  it('begins when all others have told that they have it, also after an upgrade that brought it', () => {
    writeFileSync(paths().lastGood, JSON.stringify(config(1, instance())));
    const protections = started();
    protections.follow(config(2, signed(2)));
    expect(keyId()).toBeNull();
    have.add('b 2');
    protections.judge();
    expect(keyId()).toBe(2);
  });

  it('of a new instance begins at once', () => {
    started().follow(config(1, signed(1)));
    expect([keyId(), onDisk()?.former]).toEqual([1, []]);
  });

  it('ends when all others have told that they have it', () => {
    const protections = started();
    protections.follow(config(1, signed(1)));
    protections.follow(config(2, instance()));
    expect(keyId()).toBe(1);
    have.add('b 2');
    protections.judge();
    expect(keyId()).toBeNull();
  });
});

describe('the file', () => {
  it("is its owner's only, and no line tells a key", () => {
    const protections = started();
    protections.follow(config(1, signed(1)));
    protections.follow(config(2, signed(2)));
    expect(statSync(paths().rings).mode & 0o777).toBe(0o600);
    expect(readFileSync(paths().rings, 'utf8')).toContain('0a0a');
    expect(lines.join()).not.toContain('0a0a');
  });

  it('that is damaged is told, and what the configuration says holds', () => {
    writeFileSync(paths().rings, '{"public":{"wanted":{"mode":"enforce","key":"s3cret"}}}');
    started().follow(config(1, signed(1)));
    expect(lines[0]).toContain('how advertisements were signed is not known: ');
    expect(lines.join()).not.toContain('s3cret');
    expect(keyId()).toBe(1);
  });

  it('forgets instances that have gone', () => {
    const protections = started();
    protections.follow(config(1, signed(1)));
    protections.follow({ ...config(2, signed(1)), config: configuration([]) });
    expect(readRings(paths())).toEqual({});
  });
});
