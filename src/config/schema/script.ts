/** Keys of `scripts`. */
import { duration, flag, integer, oneOf, text } from '../shape/scalars.ts';
import { argv } from '../shape/secret.ts';
import { defaulted, optional, record, required } from '../shape/shape.ts';

export const userName = text('a user name', /^[a-z_][a-z0-9_-]{0,31}$/);

/** keepalived allows the same: a weight moves a priority within 1–254. */
export const trackerWeight = integer(-253, 253);

export const script = record('a script', {
  run: required(
    argv,
    'The command; exit code 0 means up. As root it is refused where others than root can change it.',
    '[/usr/bin/pgrep, nginx]',
  ),
  interval: defaulted(
    duration({ least: '100ms', most: '1h' }),
    '1s',
    'Time from one run to the next.',
    'A failover should follow a failure within seconds.',
    '2s',
  ),
  timeout: optional(
    duration({ least: '10ms', most: '1h' }),
    'the interval',
    'A run that takes longer is killed and counts as failed.',
    '1s',
    'Runs never overlap.',
  ),
  weight: defaulted(
    trackerWeight,
    '0',
    '0: down means FAULT, the instance gives up. Positive: added to the priority while up. Negative: added while down.',
    'A host whose service is gone should not hold the address, whatever the priorities are.',
    '-20',
  ),
  reverse: defaulted(flag, 'false', 'Swaps up and down.', 'Exit code 0 means success everywhere else.', 'false'),
  rise: defaulted(
    integer(1, 100),
    '1',
    'Successes in a row before a failed script is up again.',
    'Coming back costs nothing: nobody is pre-empted unless asked.',
    '2',
  ),
  fall: defaulted(
    integer(1, 100),
    '2',
    'Failures in a row before an up script is down.',
    'One slow run on a busy host should not move an address.',
    '3',
  ),
  user: defaulted(
    userName,
    'lvs-script',
    'User that runs it.',
    'A check needs no rights; the user is made by apply.',
    'lvs-script',
  ),
  start: defaulted(
    oneOf('up', 'down', 'unknown'),
    'unknown',
    'The state before results have settled it; not at a restart of the agent, which knows it.',
    'Unknown holds the instance back until the truth is known, a moment later.',
    'down',
  ),
});
