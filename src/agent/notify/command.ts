/** The commands of one move, in order: the one of its state as it is written, then `any` with keepalived's four arguments. Pure. */
import type { NotifyConfig } from '../../config/instance.ts';
import type { Program } from '../script-run.ts';
import type { Move } from './moves.ts';
import type { Told } from './subject.ts';

/** What announces an address to a router or a cloud has answered by then, or hangs. */
const COMMAND_MS = 30_000;

export type CommandName = Exclude<keyof NotifyConfig, 'user'>;

export interface NotifyCommand {
  readonly name: CommandName;
  readonly program: Program;
}

export interface Where {
  readonly cluster: string;
  readonly director: string;
}

const OF_STATE: Readonly<Record<Told, CommandName>> = {
  MASTER: 'master',
  BACKUP: 'backup',
  FAULT: 'fault',
  STOP: 'stop',
};

/** @param from - the state that was told last, or null */
export function commandsFor(move: Move, from: Told | null, where: Where): NotifyCommand[] {
  const { subject, to, priority } = move;
  const { notify } = subject;
  const name = OF_STATE[to];
  const own = notify[name];
  const any = notify.any === null ? null : [...notify.any, subject.type, subject.name, to, String(priority)];
  const environment = environmentOf(move, from, where);
  return [
    ...(own === null ? [] : [{ name, run: own }]),
    ...(any === null ? [] : [{ name: 'any' as const, run: any }]),
  ].map(({ name: which, run }) => ({
    name: which,
    program: { run, user: notify.user, timeoutMs: COMMAND_MS, environment, keepsOutput: true },
  }));
}

function environmentOf({ subject, to, cause, priority, at }: Move, from: Told | null, where: Where) {
  return {
    LVS_CLUSTER: where.cluster,
    LVS_DIRECTOR: where.director,
    LVS_TYPE: subject.type,
    LVS_NAME: subject.name,
    LVS_STATE: to,
    LVS_FROM: from ?? '',
    LVS_PRIORITY: String(priority),
    // execve(2) takes no zero byte, and a line is what scripts expect.
    LVS_CAUSE: cause.replace(/[\s\p{Cc}]+/gu, ' '),
    LVS_TIME: new Date(at).toISOString(),
    LVS_VIPS: subject.vips.join(' '),
  };
}
