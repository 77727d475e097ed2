import { AGENT } from '../desired/agent-units.ts';
import { type Change, type Operation, outcome, run } from './operation.ts';

/** The key by which directors believe each other's word. Another one than before leaves the former valid for a while. */
export const exchangeKey: Operation = {
  name: 'exchange key',
  decide({ director }, { agent }, { exchange }) {
    if (!director?.exchanges || agent === null) return { nothing: 'no other director' };
    if (exchange === null) return { nothing: 'made when all directors can be read' };
    const there = agent.exchangeKey;
    if (there !== null && there === exchange.id) return { nothing: 'the same as on the other directors' };
    const change: Change =
      there === null
        ? { sign: '+', what: 'exchange key', why: 'missing' }
        : { sign: '~', what: 'exchange key', why: 'other directors have another' };
    if (exchange.file === null) return outcome([change], [], '');
    return outcome(
      [change],
      [
        // Copied, not linked: its age says how long it counts.
        ...(there === null ? [] : [run('cp', AGENT.exchangeKey, `${AGENT.exchangeKey}.former`)]),
        { kind: 'write', path: AGENT.exchangeKey, mode: 0o600, content: exchange.file },
      ],
      '',
    );
  },
};
