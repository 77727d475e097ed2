/**
 * `npm test` and `npm run test:soak`: the static checks, the build, then every kind of test in turn. The last line is
 * the count of all of them. What the machine lacks is installed first; nothing is skipped for the lack of it.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { type Count, countOf, type Report } from './report.ts';

const soak = process.argv.includes('--soak');
const only = process.argv.slice(2).filter((word) => !word.startsWith('--'));
const seed = process.env['LVSCTL_TEST_SEED'] ?? String(Math.floor(Math.random() * 2 ** 31));
const env = { LVSCTL_TEST_SEED: seed, LVSCTL_TEST_SOAK: soak ? '1' : '0', CI: undefined };

/** One after another. */
const STEPS: readonly (readonly [name: string, run: () => Promise<Count>])[] = [
  ['packages', () => program(['node', 'vm-lab/prepare.ts'])],
  ['build', () => program(['node', 'bin/build.ts'])],
  ['types', () => program(['tsc'])],
  ['lint', () => program(['biome', 'check', '--error-on-warnings', '.'])],
  ['dead code', () => program(['knip'])],
];
/** The lab waits for its machines most of the time; namespaces, whose timers want the processor at once, come after it. */
const TOGETHER: readonly (typeof STEPS)[] = [
  [['lab', () => tests('lab')]],
  [
    ['unit', () => tests('unit', 'at the end')],
    ['scenarios', () => tests('scenarios', 'at the end')],
  ],
];
const LAST: typeof STEPS = [['netns', () => tests('netns')]];

async function program([file = '', ...args]: readonly string[]): Promise<Count> {
  const { failed } = await execa(file, args, { stdio: 'inherit', reject: false, env });
  return failed ? { passed: 0, failed: 1 } : { passed: 1, failed: 0 };
}

/** Runs one kind of test; a run that ends without a report counts as a failure. */
async function tests(project: string, shown: 'as it comes' | 'at the end' = 'as it comes'): Promise<Count> {
  const folder = await mkdtemp(join(tmpdir(), 'lvsctl-test-'));
  const report = join(folder, 'report.json');
  try {
    const { exitCode, all } = await execa(
      'vitest',
      [
        'run',
        '--config',
        'test/vitest.config.ts',
        '--project',
        project,
        '--reporter=default',
        '--reporter=json',
      ].concat(`--outputFile.json=${report}`),
      shown === 'as it comes'
        ? { stdio: 'inherit', reject: false, env }
        : { stdin: 'ignore', all: true, reject: false, env },
    );
    if (all !== undefined) console.log(all);
    return countOf(JSON.parse(await readFile(report, 'utf8')) as Report, exitCode ?? 1);
  } catch {
    return { passed: 0, failed: 1 };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

console.log(`seed ${seed} (LVSCTL_TEST_SEED=${seed} gives the same run again)`);
let total: Count = { passed: 0, failed: 0 };
const lines: string[] = [];

async function perform([name, run]: (typeof STEPS)[number]): Promise<void> {
  if (only.length > 0 && !only.includes(name)) return;
  console.log(`\n== ${name}`);
  const started = performance.now();
  const { passed, failed } = await run();
  total = { passed: total.passed + passed, failed: total.failed + failed };
  const seconds = ((performance.now() - started) / 1000).toFixed(0).padStart(4);
  lines.push(`${name.padEnd(10)} ${seconds} s  ${passed} passed, ${failed} failed`);
}

async function inTurn(steps: typeof STEPS): Promise<void> {
  for (const step of steps) await perform(step);
}

await inTurn(STEPS);
await Promise.all(TOGETHER.map(inTurn));
await inTurn(LAST);
console.log(`\n${lines.join('\n')}\n`);
console.log(`${total.passed} passed, ${total.failed} failed`);
process.exitCode = total.failed === 0 && total.passed > 0 ? 0 : 1;
