/** Every property test of a run draws from one seed, printed by the runner, so that a failure can be had again. */
import fc from 'fast-check';
import { inject } from 'vitest';

declare module 'vitest' {
  interface ProvidedContext {
    seed: number;
    /** Whether the full counts run (`npm run test:soak`) rather than every kind of case once. */
    soak: boolean;
  }
}

fc.configureGlobal({ seed: inject('seed'), numRuns: inject('soak') ? 10_000 : 100 });
