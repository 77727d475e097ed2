import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Spool } from '../../../src/agent/alerts/spool.ts';
import { Journal } from '../../../src/agent/journal.ts';
import { alert } from './alert.ts';

let folder: string;
let lines: string[];
let nowMs: number;
beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), 'spool-')), 'alerts');
  lines = [];
  nowMs = alert('').at + 30 * 24 * 3_600_000;
});
afterEach(() => rmSync(join(folder, '..'), { recursive: true }));

const journal = () =>
  new Journal(
    (line) => lines.push(line),
    () => nowMs,
  );
const opened = () => new Spool({ folder, journal: journal(), wall: () => nowMs });
const ids = (spool: Spool, channel: 'mail' | 'webhook' = 'mail') => spool.pending(channel).map(({ id }) => id);

it('keeps alerts in their order, each in a file that only its owner reads, until every channel has it', async () => {
  const spool = opened();
  for (const id of ['c', 'a', 'b']) await spool.add(alert(id), ['mail', 'webhook']);
  expect(statSync(folder).mode & 0o777).toBe(0o700);
  for (const file of readdirSync(folder)) expect(statSync(join(folder, file)).mode & 0o777).toBe(0o600);
  spool.delivered(new Set(['c', 'b']), 'mail');
  await spool.settled();
  const second = opened();
  expect([ids(second), ids(second, 'webhook')]).toEqual([['a'], ['c', 'a', 'b']]);
  await second.add(alert('d'), ['webhook']);
  second.delivered(new Set(['a', 'b', 'c']), 'webhook');
  second.delivered(new Set(['a']), 'mail');
  await second.settled();
  expect(readdirSync(folder)).toEqual(['000000000004-d.json']);
});

it('drops the oldest beyond a thousand, and what has waited for three days, and says so', async () => {
  const spool = opened();
  for (let index = 0; index < 1_003; index++) void spool.add(alert(`n${index}`), ['mail']);
  await spool.settled();
  expect(ids(spool)).toHaveLength(1_000);
  expect(ids(opened())[0]).toBe('n3');
  expect(lines.at(-1)).toMatch(/^<3>1 alerts are lost: more than 1000 alerts wait/);
  nowMs += 3 * 24 * 3_600_000 + 1;
  spool.expire();
  await spool.settled();
  expect([ids(spool), readdirSync(folder)]).toEqual([[], []]);
  expect(lines.at(-1)).toMatch(/^<3>1000 alerts are lost: they have waited for three days/);
});

it('passes over what is damaged or none of ours, takes it away, and goes on', async () => {
  await opened().add(alert('good'), ['mail']);
  writeFileSync(join(folder, '000000000009-half.json'), '{"alert": {"schema": 1');
  writeFileSync(join(folder, '000000000010-odd.json'), '{"alert": {}, "pending": ["mail"]}');
  writeFileSync(join(folder, '000000000011-x.json.new'), '');
  mkdirSync(join(folder, 'folder'));
  const spool = opened();
  expect(ids(spool)).toEqual(['good']);
  expect(readdirSync(folder)).toHaveLength(1);
  expect(lines).toHaveLength(4);
});

it('abandons what waits for a channel that is no longer configured', async () => {
  const spool = opened();
  await spool.add(alert('1'), ['mail', 'webhook']);
  spool.abandon('mail');
  spool.abandon('mail');
  await spool.settled();
  expect([ids(spool), ids(spool, 'webhook')]).toEqual([[], ['1']]);
  expect(lines).toHaveLength(1);
  expect(readFileSync(join(folder, readdirSync(folder)[0]!), 'utf8')).toContain('"pending":["webhook"]');
});

it('goes on in memory where nothing can be written, and says so once', async () => {
  writeFileSync(folder, '');
  const spool = opened();
  await spool.add(alert('1'), ['mail']);
  await spool.add(alert('2'), ['mail']);
  expect(ids(spool)).toEqual(['1', '2']);
  expect(lines.filter((line) => line.includes('alerts cannot be kept'))).toHaveLength(1);
});

it('knows the newest alert of each thing', async () => {
  const spool = opened();
  await spool.add(alert('1'), ['mail']);
  await spool.add(alert('2', { to: 'FAULT' }), ['mail']);
  await spool.add(alert('3', { name: 'inside' }), ['mail']);
  expect(spool.newest(alert('x'))?.id).toBe('2');
  expect(spool.newest(alert('x', { kind: 'group' }))).toBeUndefined();
});
