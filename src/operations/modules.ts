import { type Operation, outcome, run } from './operation.ts';

/** Loads what is missing; the file in modules-load.d does it at the next boot. Required ones that are absent are a precondition. */
export const modules: Operation = {
  name: 'kernel modules',
  decide(wanted, facts) {
    const missing = wanted.modules.map(({ name }) => name).filter((name) => facts.modules[name] === 'available');
    return outcome(
      missing.map((name) => ({ sign: '+', what: `module ${name}`, why: 'not loaded' })),
      missing.length === 0 ? [] : [run('modprobe', '-a', ...missing)],
      'every module is loaded',
    );
  },
};
