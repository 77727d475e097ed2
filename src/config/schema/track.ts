/** Keys of `vrrp.*.track`. */
import { interfaceName } from '../shape/network.ts';
import { absolutePath, name } from '../shape/scalars.ts';
import { defaulted, list, mapped, optional, record, required, spelled } from '../shape/shape.ts';
import { trackerWeight } from './script.ts';

const tracked = (what: string, item: typeof interfaceName) =>
  spelled(`${what}, or { name, weight }`, {
    scalar: mapped(item, (one) => ({ name: one, weight: undefined as number | undefined })),
    map: record('{ name, weight }', {
      name: required(item, 'What to track, by name. In a sync group its weight counts for all members.', 'nginx'),
      weight: optional(
        trackerWeight,
        "the script's own weight, else 0",
        'Added to the priority while up (positive) or while down (negative); 0: down means FAULT.',
        '-30',
      ),
    }),
  });

const trackedFile = spelled('an absolute path, or { path, weight }', {
  scalar: mapped(absolutePath, (path) => ({ path, weight: 0 })),
  map: record('{ path, weight }', {
    path: required(
      absolutePath,
      'File to watch; it counts as down while it exists, whatever is in it.',
      '/run/lvs-hold',
    ),
    weight: defaulted(
      trackerWeight,
      '0',
      'Added to the priority while the file exists (negative) or while it does not (positive); 0: FAULT while it exists.',
      'Whoever creates the file wants this director out.',
      '-60',
    ),
  }),
});

export const track = record('what the instance watches', {
  interfaces: defaulted(
    list(tracked('an interface', interfaceName)),
    '[]',
    'Interfaces whose link must be up, besides its own; one that is not there is down.',
    'Its own interface is always tracked.',
    '[{ name: eth0, weight: -20 }]',
  ),
  scripts: defaulted(
    list(tracked('the name of a script', name)),
    '[]',
    'Scripts of the section `scripts`.',
    'Nothing is tracked unless named.',
    '[{ name: nginx, weight: -30 }]',
  ),
  services: defaulted(
    list(tracked('the name of a service', name)),
    '[]',
    'Services of which enough must live: realservers that weigh as much together as `quorum` asks, which is 1 by default.',
    'Losing all realservers rarely gets better on the other director.',
    '[{ name: http, weight: -50 }]',
  ),
  files: defaulted(
    list(trackedFile),
    '[]',
    'Files whose existence takes the director out.',
    'Nothing is watched unless named.',
    '[{ path: /run/lvs-hold, weight: -60 }]',
  ),
});
