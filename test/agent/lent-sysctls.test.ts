import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Journal } from '../../src/agent/journal.ts';
import { LentSysctls } from '../../src/agent/lent-sysctls.ts';
import { FakeSysctls } from '../../src/kernel/fake-sysctls.ts';

let folder: string;
let sysctls: FakeSysctls;
let lines: string[];
const open = (): LentSysctls =>
  new LentSysctls(sysctls, new Journal((line) => lines.push(line), Date.now), join(folder, 'sysctls.json'));

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lent-'));
  lines = [];
  sysctls = new FakeSysctls();
  sysctls.values.set('net.a', '0').set('net.b', '2 50');
});
afterEach(() => rmSync(folder, { recursive: true }));

const values = (): Record<string, string> => Object.fromEntries(sysctls.values);

it('are put back as they were, each when it is no longer wanted', () => {
  const lent = open();
  lent.settle({ 'net.a': '1', 'net.b': '0 1' });
  expect(values()).toEqual({ 'net.a': '1', 'net.b': '0 1' });
  lent.settle({ 'net.b': '0 1' });
  expect(values()).toEqual({ 'net.a': '0', 'net.b': '0 1' });
  lent.settle({});
  expect(values()).toEqual({ 'net.a': '0', 'net.b': '2 50' });
  expect(lines).toEqual([]);
});

it('are put back by the next process', () => {
  open().settle({ 'net.a': '1' });
  const next = open();
  next.settle({ 'net.a': '1' });
  expect(values()['net.a']).toBe('1');
  next.settle({});
  expect(values()['net.a']).toBe('0');
});

it('are left to whoever has changed them meanwhile, and to whoever had them so before', () => {
  sysctls.values.set('net.c', '1');
  const lent = open();
  lent.settle({ 'net.a': '1', 'net.c': '1' });
  sysctls.values.set('net.a', '7');
  lent.settle({});
  expect(values()).toEqual({ 'net.a': '7', 'net.b': '2 50', 'net.c': '1' });
});

it('that the kernel does not have are no error; one that cannot be written is told once, and put back when it can', () => {
  const lent = open();
  lent.settle({ 'net.missing': '1' });
  expect(lines).toEqual([]);
  lent.settle({ 'net.a': '1' });
  sysctls.isReadOnly = true;
  for (let round = 0; round < 3; round++) lent.settle({});
  expect(lines.map((line) => line.slice(0, 40))).toEqual(['<3>cannot set sysctl net.a: EROFS kind=a']);
  sysctls.isReadOnly = false;
  lent.settle({});
  expect(values()['net.a']).toBe('0');
});

it('from a damaged file are forgotten, and that is told', () => {
  const path = join(folder, 'sysctls.json');
  for (const text of ['{', '[]', '{"net.a":{"before":0,"now":"1"}}']) {
    writeFileSync(path, text);
    open().settle({ 'net.a': '1' });
    expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual({ 'net.a': { before: '0', now: '1' } });
    sysctls.values.set('net.a', '0');
  }
  expect(lines.length).toBe(3);
});
