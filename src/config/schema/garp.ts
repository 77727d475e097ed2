/** Keys of `vrrp.*.garp`. */
import { duration, integer } from '../shape/scalars.ts';
import { defaulted, record } from '../shape/shape.ts';

export const garp = record('settings of gratuitous ARP', {
  count: defaulted(
    integer(1, 100),
    '5',
    'Announcements at once on becoming MASTER.',
    'The first may be lost; five small frames are nothing.',
    '3',
  ),
  again_after: defaulted(
    duration({ least: '0s', most: '10m' }),
    '5s',
    'Time until the second round.',
    'Switches may still be learning when the first round goes out.',
    '2s',
  ),
  again: defaulted(
    integer(0, 100),
    '5',
    'Announcements in the second round; 0 leaves it out.',
    'As many as in the first.',
    '3',
  ),
  refresh: defaulted(
    duration({ least: '0s', most: '1d' }),
    '60s',
    'One round every so often while MASTER; 0s never.',
    'Heals stale ARP caches left by a split brain.',
    '120s',
  ),
  refresh_count: defaulted(
    integer(1, 100),
    '1',
    'Announcements in each refresh round.',
    'A lost one is followed by the next round.',
    '2',
  ),
  lower_priority: defaulted(
    record('{ count, after }', {
      count: defaulted(
        integer(0, 100),
        '5',
        'Announcements when another MASTER, of lower priority, was heard: at once, and again when it has gone; 0 for none.',
        'Its announcements have just poisoned caches.',
        '1',
      ),
      after: defaulted(
        duration({ least: '0s', most: '10m' }),
        '5s',
        'How long the other must be silent until it is announced again.',
        'As after becoming MASTER.',
        '1s',
      ),
    }),
    '{}',
    'What is announced when a MASTER of lower priority was heard (the end of a split brain).',
    'Caches point to the loser then.',
    '{ count: 1, after: 1s }',
  ),
  interval: defaulted(
    duration({ least: '0s', most: '10s' }),
    '0s',
    'Least time between two announcements on one interface, whichever addresses they are of.',
    'Only switches that limit ARP need a pause.',
    '5ms',
  ),
});
