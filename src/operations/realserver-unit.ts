import { hasWork } from '../desired/realserver-script.ts';
import { REALSERVER_UNIT } from '../desired/realserver-unit.ts';
import type { Command } from '../shell/command.ts';
import { type Change, type Operation, outcome, run } from './operation.ts';

/** The unit is enabled for the next boot and counts as started; what it would do has been done live already. */
export const realserverUnit: Operation = {
  name: 'realserver unit',
  decide({ placed }, { units }) {
    if (!hasWork(placed)) return { nothing: 'not needed' };
    const unit = units[REALSERVER_UNIT];
    const changes: Change[] = [];
    const commands: Command[] = [];
    if (!unit?.enabled) {
      changes.push({ sign: '+', what: `${REALSERVER_UNIT} enabled`, why: 'would not run at boot' });
      commands.push(run('systemctl', 'enable', '--quiet', REALSERVER_UNIT));
    }
    if (!unit?.active) {
      changes.push({ sign: '+', what: `${REALSERVER_UNIT} started`, why: 'is not active' });
      commands.push(run('systemctl', 'start', REALSERVER_UNIT));
    }
    return outcome(changes, commands, 'enabled and active');
  },
};
