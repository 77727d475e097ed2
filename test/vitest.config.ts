import { defineConfig } from 'vitest/config';
import { LabOrder } from './lab/lab-order.ts';

/**
 * A machine that others share may stand still for longer than a protocol's timer: what waits for real timers and real
 * machines gets a second try, and the report shows that it was needed.
 */
const MACHINE_STALLS = 1;

/** What is waited for comes at once on a quiet machine; vitest's own patience is a second. */
const PATIENT = { poll: { timeout: 10_000 } };

/**
 * Four kinds of test. `unit` is pure and fast; `netns` needs network namespaces (root, or an unprivileged user namespace);
 * `lab` needs the User-Mode Linux lab; `scenarios` runs whole programs on this machine (sshd on loopback, the built bundle).
 */
const kinds = {
  unit: {
    include: ['test/**/*.test.{ts,tsx}'],
    exclude: ['test/{netns,lab,scenarios}/**'],
    testTimeout: 30_000,
    expect: PATIENT,
  },
  netns: {
    include: ['test/netns/**/*.test.ts'],
    globalSetup: ['test/netns/native-setup.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // files wait for timers most of the time, each in namespaces of its own; figures are taken where the kernel stamps them
    maxWorkers: 4,
    retry: MACHINE_STALLS,
  },
  scenarios: {
    include: ['test/scenarios/**/*.test.ts'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    expect: PATIENT,
    retry: MACHINE_STALLS,
  },
  lab: {
    include: ['test/lab/**/*.test.ts'],
    globalSetup: ['test/lab/lab-setup.ts'],
    testTimeout: 300_000,
    hookTimeout: 300_000,
    fileParallelism: false,
    retry: MACHINE_STALLS,
  },
};

const provide = {
  seed: Number(process.env['LVSCTL_TEST_SEED'] ?? Math.floor(Math.random() * 2 ** 31)),
  soak: process.env['LVSCTL_TEST_SOAK'] === '1',
};

export default defineConfig({
  root: new URL('..', import.meta.url).pathname,
  test: {
    sequence: { sequencer: LabOrder },
    // what runs beside one another waits for timers (the interoperation matrix): more than processors
    maxConcurrency: 8,
    projects: Object.entries(kinds).map(([name, test]) => ({
      test: { name, setupFiles: ['test/setup.ts'], provide, ...test },
    })),
  },
});
