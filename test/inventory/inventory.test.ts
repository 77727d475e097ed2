import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { problemLine } from '../../src/config/problem.ts';
import type { Inventory } from '../../src/inventory/host.ts';
import { loadInventory } from '../../src/inventory/inventory.ts';
import { expandRange } from '../../src/inventory/range.ts';
import { parseSshArguments, splitWords } from '../../src/inventory/ssh-arguments.ts';
import { casesIn } from '../config/cases.ts';

function inventoryOf(text: string): Inventory {
  const loaded = loadInventory(text, 'hosts.yaml');
  if ('problems' in loaded) throw new Error(loaded.problems.map(problemLine).join('\n'));
  return loaded.inventory;
}

describe('loadInventory says what is wrong, at its line and column', () => {
  it.each(casesIn('cases/*.yaml', import.meta.dirname).map((one) => [one.title, one] as const))(
    '%s',
    (_title, { text, expected }) => {
      const loaded = loadInventory(text, 't');
      const problems = 'problems' in loaded ? loaded.problems : [];
      expect(problems.map((problem) => problemLine(problem).replace(/^t:/, ''))).toEqual(expected);
    },
  );
});

describe('what Ansible 2.14 makes of the same file', () => {
  const folder = resolve(import.meta.dirname, 'golden');
  const golden = JSON.parse(readFileSync(resolve(folder, 'groups.json'), 'utf8'));
  const { hosts } = inventoryOf(readFileSync(resolve(folder, 'groups.yaml'), 'utf8'));

  it('is the same hosts with the same variables', () => {
    expect(Object.fromEntries(hosts.map(({ name, vars }) => [name, vars]))).toEqual(golden._meta.hostvars);
  });

  it('is the same members of each group', () => {
    for (const [group, { hosts: members }] of Object.entries<{ hosts?: string[] }>(golden)) {
      if (members === undefined || group === 'ungrouped') continue;
      const ours = hosts.filter(({ groups }) => groups.includes(group)).map(({ name }) => name);
      expect([group, ours.sort()]).toEqual([group, members.sort()]);
    }
  });
});

describe('groups and variables', () => {
  it('all < parent < child < host, whatever the order in the file', () => {
    const { hosts } = inventoryOf(`
all:
  children:
    child: { hosts: { web1: { d: host } }, vars: { c: child, d: child } }
    parent: { children: { child: }, vars: { b: parent, c: parent, d: parent } }
  vars: { a: all, b: all, c: all, d: all }
`);
    expect(hosts).toEqual([
      { name: 'web1', groups: ['all', 'parent', 'child'], vars: { a: 'all', b: 'parent', c: 'child', d: 'host' } },
    ]);
  });

  it('a group and a host may stand in several places', () => {
    const { hosts } = inventoryOf(`
web: { hosts: { web1: { x: 1 } }, vars: { color: red } }
eu: { children: { web: { hosts: { web2: } } }, vars: { region: eu } }
all: { hosts: { web1: { y: 2 }, alone: } }
`);
    expect(hosts.map(({ name, groups, vars }) => [name, groups, vars])).toEqual([
      ['web1', ['all', 'eu', 'web'], { region: 'eu', color: 'red', x: 1, y: 2 }],
      ['web2', ['all', 'eu', 'web'], { region: 'eu', color: 'red' }],
      ['alone', ['all'], {}],
    ]);
  });

  it('any other variable may be anything', () => {
    const [host] = inventoryOf('all: { hosts: { w: { list: [1, { a: ~ }], __proto__: x, text: "{{ y }}" } } }').hosts;
    expect(host?.vars['list']).toEqual([1, { a: null }]);
    expect(Object.hasOwn(host?.vars ?? {}, '__proto__')).toBe(true);
    expect(host?.vars['text']).toBe('{{ y }}');
  });

  it.each([
    ['lab', ['lb1', 'lb2', 'web1', 'web2', 'web3']],
    ['example', ['lb1', 'lb2', 'lb3', 'web1', 'web2', 'web3']],
  ])('reads the %s inventory that ships', (name, hosts) => {
    const text = readFileSync(resolve(import.meta.dirname, `../../inventory/${name}.yaml`), 'utf8');
    expect(inventoryOf(text).hosts.map((host) => host.name)).toEqual(hosts);
  });
});

describe('expandRange', () => {
  it.each([
    ['web1', ['web1']],
    ['web[1:3]', ['web1', 'web2', 'web3']],
    ['web[08:11].example.com', ['web08.example.com', 'web09.example.com', 'web10.example.com', 'web11.example.com']],
    ['db[a:c]', ['dba', 'dbb', 'dbc']],
    ['n[0:10:5]', ['n0', 'n5', 'n10']],
    ['r[1:2]n[a:b]', ['r1na', 'r1nb', 'r2na', 'r2nb']],
  ])('%s', (pattern, names) => expect(expandRange(pattern)).toEqual(names));
});

describe('ssh arguments', () => {
  it.each([
    ['-o ProxyCommand="ssh -W %h:%p b" -o Port=2222', { proxycommand: 'ssh -W %h:%p b', port: '2222' }],
    ['-oUser=a -o "StrictHostKeyChecking no" -J x,y', { user: 'a', stricthostkeychecking: 'no', proxyjump: 'x,y' }],
    ["-i '~/my keys/id' -p22 -l ops -C -q", { identityfile: '~/my keys/id', port: '22', user: 'ops' }],
    ['-o Port=1 -o Port=2', { port: '1' }],
    ['', {}],
  ])('%s', (text, options) => {
    const parsed = parseSshArguments(text);
    expect(Object.fromEntries(parsed.options)).toEqual(options);
    expect(parsed.problems).toEqual([]);
  });

  it('splits what a shell would have quoted, for any words', () => {
    const quoted = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`;
    fc.assert(
      fc.property(fc.array(fc.string()), (words) => {
        expect(splitWords(words.map(quoted).join(' '))).toEqual(words);
      }),
    );
  });

  it('never throws', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'-oJipl="\'\\ ax') }), (text) => {
        expect(parseSshArguments(text).options).toBeInstanceOf(Map);
      }),
    );
  });
});

describe('mutated inventories', () => {
  const text = readFileSync(resolve(import.meta.dirname, '../../inventory/lab.yaml'), 'utf8');

  it('end in hosts or in problems with a place', () => {
    const piece = fc.constantFrom(
      '',
      ':',
      '[',
      ']',
      '{',
      '- ',
      '&a ',
      '*a',
      '<<: ',
      '\t',
      '\n',
      '[1:9]',
      '~',
      '5',
      '"',
    );
    const edit = fc.tuple(fc.nat(text.length), fc.nat(8), piece);
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 3 }), (edits) => {
        const broken = edits.reduce((now, [at, cut, put]) => now.slice(0, at) + put + now.slice(at + cut), text);
        const loaded = loadInventory(broken, 't');
        if ('inventory' in loaded) return;
        expect(loaded.problems.length).toBeGreaterThan(0);
        for (const problem of loaded.problems) expect(problemLine(problem)).toMatch(/^t:\d+:\d+: /);
      }),
      { numRuns: 300 },
    );
  });
});
