/** `npm run check`: every static check and the unit tests, at once; the output of each that failed is shown whole. */
import { execa } from 'execa';

const CHECKS: Readonly<Record<string, readonly string[]>> = {
  types: ['tsc'],
  lint: ['biome', 'check', '--error-on-warnings', '.'],
  'dead code': ['knip'],
  // vitest would leave a processor to a developer who watches
  'unit tests': ['vitest', 'run', '--config', 'test/vitest.config.ts', '--project', 'unit', '--maxWorkers=100%'],
};

const results = await Promise.all(
  Object.entries(CHECKS).map(async ([name, [program = '', ...args]]) => {
    const started = performance.now();
    const result = await execa(program, args, { all: true, reject: false, env: { FORCE_COLOR: '0' } });
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    console.log(`${result.failed ? 'FAILED' : 'ok    '} ${name} (${seconds} s)`);
    return { failed: result.failed, output: result.all };
  }),
);
for (const { failed, output } of results) if (failed) console.log(`\n${output}`);
process.exitCode = results.some(({ failed }) => failed) ? 1 : 0;
