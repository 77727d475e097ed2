/**
 * keepalived.conf → topology, case by case: a folder has the files of a pair, the topology that comes of them, and the notes. What
 * comes out always passes `validate`, and lvsctl acts upon all of it.
 */
import { globSync, readFileSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadTopology } from '../../../src/config/load.ts';
import { type Imported, importKeepalived } from '../../../src/convert/keepalived/import.ts';
import { noteLine } from '../../../src/convert/keepalived/note.ts';
import type { Include } from '../../../src/convert/keepalived/statement.ts';
import { parseAddress } from '../../../src/wire/address.ts';

const CASES = resolve(import.meta.dirname, 'cases');

function readIn(folder: string): (name: string) => { name: string; text: string } {
  return (name) => ({ name, text: readFileSync(resolve(CASES, folder, name), 'utf8') });
}

function imported(folder: string): Imported {
  const file = readIn(folder);
  const names = globSync('*.conf', { cwd: resolve(CASES, folder) }).sort();
  const include: Include = (pattern) =>
    globSync(pattern, { cwd: resolve(CASES, folder) })
      .sort()
      .map(file);
  return importKeepalived({
    files: names.map((name) => ({ director: null, file: file(name) })),
    include,
    addresses: [],
    names: new Map(),
    cluster: null,
  });
}

function notesOf({ notes }: Imported): string[] {
  return notes.map((note) => `${note.kind}: ${noteLine(note)}`);
}

describe.each(globSync('*', { cwd: CASES }).sort())('%s', (folder) => {
  const result = imported(folder);

  it('becomes its topology', async () => {
    await expect(result.topology?.text).toMatchFileSnapshot(resolve(CASES, folder, 'topology.yaml'));
  });

  it('tells what it does not carry', async () => {
    await expect(`${notesOf(result).join('\n')}\n`).toMatchFileSnapshot(resolve(CASES, folder, 'notes.txt'));
  });

  it('passes validate, and all of it is acted upon', () => {
    const loaded = loadTopology(result.topology?.text ?? '', `${basename(folder)}.yaml`);
    expect(loaded).toMatchObject({ unsupported: [], warnings: expect.anything() });
  });

  it('puts no password into the topology', () => {
    expect(`${result.topology?.text}${notesOf(result).join()}`).not.toContain('s3cret');
  });
});

const one = (text: string, more: Partial<Parameters<typeof importKeepalived>[0]> = {}): Imported =>
  importKeepalived({
    files: [{ director: 'lb1', file: { name: 'k.conf', text } }],
    include: () => 'there is no such file',
    addresses: [],
    names: new Map(),
    cluster: 'c',
    ...more,
  });

describe('a tunnel', () => {
  const server = (tunnel: string): string => `vrrp_instance a {
  interface eth0
  virtual_router_id 1
  virtual_ipaddress { 10.0.0.9 }
}
virtual_server 10.0.0.9 80 {
  lb_kind TUN${tunnel}
  real_server 10.0.0.21 80 { TCP_CHECK { } }
}
`;

  it.each([
    ['', undefined],
    [' type gue port 6080 csum', 'tunnel: { type: gue, port: 6080, checksum: true }'],
    [' type gue port 6081 nocsum', 'tunnel: { type: gue, port: 6081, checksum: false }'],
    [' type gre', 'tunnel: { type: gre, checksum: false }'],
    [' type ipip', 'tunnel: { type: ipip }'],
  ])('has a checksum only if it was asked for:%s', (tunnel, expected) => {
    const { topology, notes } = one(server(tunnel));
    expect(/tunnel: .*/.exec(topology?.text ?? '')?.[0]).toBe(expected);
    expect(notes.filter(({ kind }) => kind === 'lost')).toEqual([]);
  });

  it('tells of a checksum that it does not carry', () => {
    expect(notesOf(one(server(' type gue port 6080 remcsum')))).toContain(
      'lost: k.conf:7: remcsum: a checksum that the inner packet makes up for',
    );
  });
});

describe('a text that keepalived changes before it reads it', () => {
  it.each([
    ['@main priority 100', 'a condition (@) depends on the host; write out what it stands for'],
    ['$A=1', 'a definition ($NAME=) is not read; write out what it stands for'],
    ['priority ${PRIO}', 'a parameter ($NAME) is not read; write out what it stands for'],
    ['~SEQ(n, 1, 3) x $n', 'a sequence (~SEQ, ~LST) is not read; write out what it stands for'],
    ['include missing.conf', 'there is no such file'],
    ['notify "unended', 'a quote has no end'],
    ['a {', 'the block that begins here has no end'],
    ['}', 'no block is open here'],
    ['{', 'nothing is named before the brace'],
  ])('%s is refused at its line', (line, why) => {
    const { topology, notes } = one(`# a comment\n${line}\n`);
    expect(topology).toBeNull();
    expect(notes.filter(({ kind }) => kind === 'wrong')).toContainEqual(
      expect.objectContaining({ at: { file: 'k.conf', line: 2 }, why }),
    );
  });

  it('that includes itself comes to an end', () => {
    const text = 'include again\n';
    const { topology, notes } = one(text, { include: () => [{ name: 'again', text }] });
    expect(topology).toBeNull();
    expect(notes[0]?.why).toBe('files include each other too deep');
  });
});

describe('what a person says besides', () => {
  it('fills in addresses and names', () => {
    const { topology, notes } = one(
      'vrrp_instance A {\n interface eth0\n virtual_router_id 1\n virtual_ipaddress { 10.0.0.9 }\n}\nvirtual_server 10.0.0.9 80 {\n lb_kind DR\n real_server 10.0.0.21 80\n}\n',
      {
        addresses: [{ director: 'lb1', interface: 'eth0', address: parseAddress('10.0.0.1')! }],
        names: new Map([[parseAddress('10.0.0.21')!, 'web1']]),
      },
    );
    expect(topology?.text).toContain('lb1: { dip: { eth0: 10.0.0.1 } }');
    expect(topology?.text).toContain('web1: { rip: 10.0.0.21 }');
    expect(topology?.text).not.toContain('placeholder');
    expect(notes).toEqual([]);
  });

  it('lets the password in only where it is asked for', () => {
    const conf =
      'vrrp_instance A {\n interface eth0\n virtual_router_id 1\n authentication { \n auth_pass longer-than-8 \n }\n virtual_ipaddress { 10.0.0.9 }\n}\n';
    expect(one(conf).topology?.text).not.toContain('longer-t');
    const pass = one(conf, { secrets: 'text' }).topology?.config.instances[0]?.authentication;
    expect(pass).toEqual({ pass: { source: 'literal', value: 'longer-t' } });
  });
});
