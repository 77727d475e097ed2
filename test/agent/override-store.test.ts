/** Drains on disk: what was said, what was taken back, and what a crash between two writes leaves. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Journal } from '../../src/agent/journal.ts';
import { OverrideStore } from '../../src/agent/override-store.ts';
import type { Override } from '../../src/balancer/override.ts';

let folder: string;
let nowMs = 1_000_000;
const lines: string[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'overrides-'));
  lines.length = 0;
});
afterEach(() => rmSync(folder, { recursive: true }));

const store = () =>
  new OverrideStore({
    folder,
    journal: new Journal(
      (line) => lines.push(line),
      () => nowMs,
    ),
    wall: () => nowMs,
  });
const drain = (change: Partial<Override> = {}): Override => ({
  realserver: 'web1',
  service: null,
  weight: 0,
  owner: 'ann',
  reason: null,
  since: nowMs,
  until: null,
  ...change,
});
const file = (name: string): string => readFileSync(join(folder, name), 'utf8');

it('remembers over a restart what was said and what was taken back', () => {
  store().add([drain(), drain({ realserver: 'web2' })]);
  expect(store().remove(['web1'], null)).toHaveLength(1);
  const again = store();
  expect(again.all).toEqual([drain({ realserver: 'web2' })]);
  expect(again.said.removals).toEqual([{ realserver: 'web1', service: null, since: nowMs + 1 }]);
});

it('takes back what only another director knows of', () => {
  const here = store();
  const unheard = [null, 'http'].map((service) => ({ realserver: 'web1', service }));
  expect(here.remove(['web1'], null, unheard)).toEqual([]);
  nowMs += 5;
  const others = [drain({ since: nowMs - 10 }), drain({ since: nowMs - 10, service: 'http' })];
  here.learn({ overrides: others, removals: [] });
  expect(here.all).toEqual([]);
  here.learn({ overrides: [drain()], removals: [] });
  expect(here.all).toEqual([drain()]);
});

it('keeps overrides.json as an earlier release reads it', () => {
  const one = store();
  one.add([drain()]);
  one.remove(['web1'], null);
  one.add([drain({ realserver: 'web2' })]);
  expect(JSON.parse(file('overrides.json'))).toEqual([drain({ realserver: 'web2' })]);
});

it('takes the newer one where a crash left both a drain and that it was taken back', () => {
  const one = store();
  one.add([drain()]);
  const before = file('overrides.json');
  one.remove(['web1'], null);
  writeFileSync(join(folder, 'overrides.json'), before);
  expect(store().all).toEqual([]);
});

it('learns of another director what is newer, and says what that has changed', () => {
  const one = store();
  one.add([drain(), drain({ realserver: 'web2' })]);
  const news = drain({ realserver: 'web3', since: 5 });
  const removals = [{ realserver: 'web1', service: null, since: nowMs + 1 }];
  expect(one.learn({ overrides: [news, drain({ realserver: 'web2', since: 3, weight: 9 })], removals })).toEqual({
    added: [news],
    gone: [drain()],
    isNews: true,
  });
  expect(one.learn({ overrides: [news], removals })).toEqual({ added: [], gone: [], isNews: false });
  expect(store().all).toEqual([drain({ realserver: 'web2' }), news]);
});

it('does not let a director that was away bring up what has run out meanwhile', () => {
  const one = store();
  one.add([drain({ since: 1 })]);
  one.add([drain({ until: nowMs + 100 })]);
  nowMs += 100;
  expect(one.expire(nowMs)).toHaveLength(1);
  expect(one.learn({ overrides: [drain({ since: 1 })], removals: [] })).toMatchObject({ isNews: false });
  expect(store().all).toEqual([]);
});

it('goes on without a file that is damaged, and says what is lost', () => {
  const one = store();
  one.add([drain(), drain({ realserver: 'web2' })]);
  one.remove(['web1'], null);
  writeFileSync(join(folder, 'removals.json'), '[{}]');
  expect(store().all).toEqual([drain({ realserver: 'web2' })]);
  expect(lines.join()).toContain(
    'removals.json is not readable, what was taken back is forgotten: removals[0].realserver',
  );
});
