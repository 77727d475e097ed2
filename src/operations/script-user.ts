import { SCRIPT_USER } from '../desired/agent-units.ts';
import { type Operation, outcome, run } from './operation.ts';

/** A user without a home, a shell or a password: what checks and notify scripts run as. */
export const scriptUser: Operation = {
  name: 'script user',
  decide({ director }, { system }) {
    if (director === null || system.scriptUser) return { nothing: director === null ? 'no director' : 'exists' };
    return outcome(
      [{ sign: '+', what: `user ${SCRIPT_USER}`, why: 'scripts run as it' }],
      [
        run(
          'useradd',
          '--system',
          '--no-create-home',
          '--home-dir',
          '/nonexistent',
          '--shell',
          '/usr/sbin/nologin',
          SCRIPT_USER,
        ),
      ],
      'exists',
    );
  },
};
