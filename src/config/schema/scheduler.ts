/** Keys of `services.*.scheduler` and `persistence`. */
import { netmask } from '../shape/network.ts';
import { duration, flag, oneOf, scalar } from '../shape/scalars.ts';
import { defaulted, list, mapped, optional, record, required, spelled } from '../shape/shape.ts';

const SCHEDULERS = ['rr', 'wrr', 'lc', 'wlc', 'lblc', 'lblcr', 'sh', 'dh', 'sed', 'nq', 'mh', 'fo', 'ovf'] as const;
const schedulerName = oneOf(...SCHEDULERS);

interface RawScheduler {
  readonly name: (typeof SCHEDULERS)[number];
  readonly flags: readonly 'port'[];
  readonly fallback: boolean | undefined;
}

export const scheduler = spelled<RawScheduler>('a scheduler such as wlc, or { name, flags, fallback }', {
  scalar: mapped(schedulerName, (one): RawScheduler => ({ name: one, flags: [], fallback: undefined })),
  map: record('{ name, flags, fallback }', {
    name: required(schedulerName, 'The scheduler.', 'mh'),
    flags: defaulted(
      list(oneOf('port')),
      '[]',
      'port: sh and mh hash the source port too.',
      'Clients stay on one realserver; with the port, connections are spread.',
      '[port]',
    ),
    fallback: optional(
      flag,
      'true for sh and mh',
      'sh and mh choose another realserver when theirs is drained or down.',
      'true',
      'Without it a drain refuses the clients of that realserver.',
    ),
  }),
});

export const fwmark = scalar<number | 'auto'>(
  'a mark from 1 to 4294967295, or auto',
  { anyOf: [{ type: 'integer', minimum: 1, maximum: 0xffffffff }, { const: 'auto' }] },
  ({ value }) => {
    if (value === 'auto') return 'auto';
    return typeof value === 'number' && Number.isInteger(value) && value > 0 && value <= 0xffffffff ? value : undefined;
  },
);

/** The kernel keeps this in whole seconds. */
const persistenceTime = duration({ least: '1s', most: '31d', step: '1s' });

interface RawPersistence {
  readonly timeout: number;
  readonly netmask: number | undefined;
}

export const persistence = spelled<RawPersistence>('a duration, or { timeout, netmask }', {
  scalar: mapped(persistenceTime, (timeout): RawPersistence => ({ timeout, netmask: undefined })),
  map: record('{ timeout, netmask }', {
    timeout: defaulted(
      persistenceTime,
      '5m',
      'How long after its last connection a client keeps its realserver.',
      'Longer than most pauses of a person reading.',
      '6m',
    ),
    netmask: optional(
      netmask,
      'each client alone',
      'Clients of one network of this size stay together.',
      '255.255.255.0',
      'Only clients behind several proxies need a network.',
    ),
  }),
});
