/** Schedulers, their flags, and what a realserver at weight 0 means to them. */
import { locate } from '../raw.ts';
import { takesFallback } from '../resolve/service.ts';
import type { Context, Rule } from './rule.ts';

const HASHING: readonly string[] = ['sh', 'mh', 'dh'];

function flagsFit({ top, report }: Context): void {
  for (const [name, { scheduler }] of top.services) {
    if (takesFallback(scheduler.name)) continue;
    const steps = (key: string) => ['services', name, 'scheduler', key];
    const hint = { expected: 'sh or mh' };
    if (scheduler.flags.length > 0) report(steps('flags'), `${scheduler.name} has no flag 'port'`, hint);
    if (scheduler.fallback !== undefined) report(steps('fallback'), `${scheduler.name} has no fallback flag`, hint);
  }
}

/** Measured: at weight 0 without fallback sh and mh refuse the clients of that realserver, dh all of one target. */
function failuresAreServed({ config, root, report }: Context): void {
  for (const { name, scheduler, schedulerFallback, onFail } of config.services) {
    if (!HASHING.includes(scheduler) || schedulerFallback || onFail.action !== 'quiesce') continue;
    const written = locate(root, ['services', name, 'on_fail', 'action']).path.endsWith('.action');
    const steps = written ? ['services', name, 'on_fail', 'action'] : ['services', name, 'scheduler', 'fallback'];
    report(steps, `${scheduler} without fallback refuses the clients of a realserver that is quiesced (weight 0)`, {
      expected: scheduler === 'dh' ? 'on_fail: { action: remove }' : 'fallback: true, or on_fail: { action: remove }',
    });
  }
}

function persistenceIsMeant({ config, report }: Context): void {
  for (const { name, scheduler, persistence } of config.services) {
    if (persistence === null || !HASHING.includes(scheduler)) continue;
    const message = `persistence together with ${scheduler}: both keep a client on its realserver, and the table of persistence is not shared like the hash`;
    report(['services', name, 'persistence'], message, { severity: 'warning' });
  }
}

/** expire_quiescent_template is one switch for a whole director (net.ipv4.vs). */
function drainsAgree({ config, report }: Context): void {
  const persistent = config.services.filter(({ persistence }) => persistence !== null);
  const [first] = persistent;
  for (const { name, drain } of persistent) {
    if (first === undefined || drain.persistent === first.drain.persistent) continue;
    report(
      ['services', name, 'drain', 'persistent'],
      `'${drain.persistent}' here and '${first.drain.persistent}' in service ${first.name}`,
      {
        expected: 'one choice for all persistent services: the kernel has one switch for both',
      },
    );
  }
}

export const SCHEDULER_RULES: readonly Rule[] = [
  { needs: [], check: flagsFit },
  { needs: [], check: failuresAreServed },
  { needs: [], check: persistenceIsMeant },
  { needs: [], check: drainsAgree },
];
