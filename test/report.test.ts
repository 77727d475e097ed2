import { expect, it } from 'vitest';
import { countOf, type Report } from './report.ts';

type File = Report['testResults'][number];

const file = (status: 'passed' | 'failed', ...tests: readonly string[]): File => ({
  status,
  assertionResults: tests.map((one) => ({ status: one })),
});

function reportOf(...testResults: readonly File[]): Report {
  const count = (status: string): number =>
    testResults.flatMap(({ assertionResults }) => assertionResults).filter((one) => one.status === status).length;
  const success = testResults.every(({ status }) => status === 'passed');
  return { numPassedTests: count('passed'), numFailedTests: count('failed'), success, testResults };
}

it.each<[string, Report, number, ReturnType<typeof countOf>]>([
  ['tests that pass', reportOf(file('passed', 'passed', 'passed', 'skipped')), 0, { passed: 2, failed: 0 }],
  ['tests that fail', reportOf(file('failed', 'failed', 'passed', 'failed')), 1, { passed: 1, failed: 2 }],
  ['a file that could not be loaded', reportOf(file('failed'), file('passed', 'passed')), 1, { passed: 1, failed: 1 }],
  ['a hook that fails before its tests', reportOf(file('failed', 'skipped', 'passed')), 1, { passed: 1, failed: 1 }],
  ['a hook that fails after its tests', reportOf(file('failed', 'passed')), 1, { passed: 1, failed: 1 }],
  [
    'a hook that fails where a test of another file fails',
    reportOf(file('failed', 'skipped'), file('failed', 'failed'), file('failed')),
    1,
    { passed: 0, failed: 3 },
  ],
  ['an error outside of all tests', reportOf(file('passed', 'passed')), 1, { passed: 1, failed: 1 }],
  ['a run that says it failed', { ...reportOf(file('passed', 'passed')), success: false }, 0, { passed: 1, failed: 1 }],
])('counts %s', (_what, report, exitCode, count) => {
  expect(countOf(report, exitCode)).toEqual(count);
});
