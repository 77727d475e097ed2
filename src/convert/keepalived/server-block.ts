/** `real_server … { … }` of a virtual_server. */
import { type Address, parseAddress } from '../../wire/address.ts';
import { entry, isSame, map } from '../draft.ts';
import { CHECKERS, checksIn, type Timing, timingHandlers } from './check-block.ts';
import type { At, Notes } from './note.ts';
import { takeUser } from './notify.ts';
import { SERVER_PASSED } from './passed-over.ts';
import {
  commandIn,
  type Handlers,
  isOn,
  linesOf,
  literal,
  type Part,
  part,
  readBlock,
  type Tree,
  textOf,
  wholeIn,
} from './reading.ts';
import type { Statement } from './statement.ts';

export interface KeepalivedDestination {
  readonly at: At;
  readonly address: Address;
  /** Port, weight, thresholds: what the service's use of it says. */
  readonly parts: readonly Part[];
  readonly checks: readonly Tree[];
}

/** What its virtual_server says, and what it may add to it. */
export interface ServiceReading {
  readonly parts: Map<string, Part>;
  readonly notified: { up: Part | null; down: Part | null; user: Part | null };
  readonly timing: Timing;
  readonly virtualhost: Part | null;
  readonly mode: string;
}

export function destinationIn(
  server: Statement,
  service: ServiceReading,
  servicePort: number | null,
  notes: Notes,
): KeepalivedDestination | undefined {
  const { at, words } = server;
  const address = parseAddress(words[1] ?? '');
  if (address === undefined) {
    notes.say('lost', at, textOf(server), 'an address was expected');
    return undefined;
  }
  const own = words[2] === undefined ? null : (wholeIn(server, notes, 2) ?? null);
  // ipvs_cmd: DR and TUN cannot change the port
  const isFree = service.mode === 'nat' && own !== null && own !== servicePort;
  const parts: Part[] = isFree ? [entry('port', own, at)] : [];
  const inherited = { timing: service.timing, virtualhost: service.virtualhost };
  const checkers: Statement[] = [];
  const number = (key: string) => (one: Statement) => {
    const found = part(key, wholeIn(one, notes), one.at);
    if (found !== null && !(key === 'weight' && found.draft.kind === 'value' && found.draft.value === 1))
      parts.push(found);
  };
  const command = (key: 'up' | 'down') => (one: Statement) => notifyIn(key, one, service, notes);
  const handlers: Handlers = {
    ...timingHandlers(inherited, notes),
    ...Object.fromEntries(CHECKERS.map((keyword) => [keyword, (one: Statement) => void checkers.push(one)])),
    weight: number('weight'),
    ...{ uthreshold: number('upper_threshold'), lthreshold: number('lower_threshold') },
    ...{ notify_up: command('up'), notify_down: command('down') },
    virtualhost: (one) => {
      inherited.virtualhost = entry('host', literal(one.words[1] ?? ''), one.at);
    },
    inhibit_on_failure: (one) => {
      if (isOn(one)) service.parts.set('on_fail', entry('on_fail', map(entry('action', 'quiesce', one.at)), one.at));
    },
  };
  readBlock(linesOf(server), handlers, SERVER_PASSED, notes);
  const ownPort = service.mode === 'nat' ? own : servicePort === 0 ? null : servicePort;
  const around = { ...inherited, port: own ?? servicePort, ownPort };
  return { at, address, parts, checks: checkers.flatMap((one) => checksIn(one, around, notes)) };
}

/** One command for all realservers of a service: the first that is named. */
function notifyIn(key: 'up' | 'down', one: Statement, { notified }: ServiceReading, notes: Notes): void {
  const command = commandIn(one, notes);
  if (command === undefined) return;
  const before = notified[key];
  if (before !== null && !isSame(before.draft, command))
    notes.say('lost', one.at, textOf(one), 'a service has one such command for all its realservers');
  notified[key] ??= entry(key, command, one.at);
  takeUser(one, 2, notified, notes);
}
