/** The commands of one move, in order: the one of its state as it is written, then `any` with keepalived's four arguments. Pure. */
import type { Argv, NotifyConfig } from '../../config/instance.ts';
import type { Program } from '../script-run.ts';
import type { AnyMove } from './queue.ts';
import type { ServiceSubject } from './service-subject.ts';
import type { Subject, Told } from './subject.ts';

/** What announces an address to a router or a cloud has answered by then, or hangs. */
const COMMAND_MS = 30_000;

export type CommandName = Exclude<keyof NotifyConfig, 'user'> | keyof ServiceSubject['commands'];

export interface NotifyCommand {
  readonly name: CommandName;
  readonly program: Program;
}

export interface Where {
  readonly cluster: string;
  readonly director: string;
}

const OF_STATE: Readonly<Record<Exclude<Told, 'UP' | 'DOWN'>, Exclude<keyof NotifyConfig, 'user'>>> = {
  MASTER: 'master',
  BACKUP: 'backup',
  FAULT: 'fault',
  STOP: 'stop',
};

/** @param from - the state that was told last, or null */
export function commandsFor(move: AnyMove, from: Told | null, where: Where): NotifyCommand[] {
  const { subject } = move;
  const [named, user] = isOfService(subject)
    ? [ofService(subject, move.to, from), subject.user]
    : [ofRouter(subject, move), subject.notify.user];
  const environment = environmentOf(move, from, where);
  return named.map(({ name, run }) => ({
    name,
    program: { run, user, timeoutMs: COMMAND_MS, environment, keepsOutput: true },
  }));
}

export function isOfService(subject: Subject | ServiceSubject): subject is ServiceSubject {
  return 'service' in subject;
}

interface Named {
  readonly name: CommandName;
  readonly run: Argv;
}

function ofRouter({ type, name: subject, notify }: Subject, { to, priority }: AnyMove): Named[] {
  if (to === 'UP' || to === 'DOWN') return [];
  const name = OF_STATE[to];
  const own = notify[name];
  const any = notify.any === null ? null : [...notify.any, type, subject, to, String(priority)];
  return [...(own === null ? [] : [{ name, run: own }]), ...(any === null ? [] : [{ name: 'any' as const, run: any }])];
}

/** What was down when the agent was stopped, or was said to be then, has been told. */
function ofService({ commands }: ServiceSubject, to: Told, from: Told | null): Named[] {
  const isDownAlready = (from === 'DOWN' && to === 'STOP') || (from === 'STOP' && to === 'DOWN');
  const name = to === 'UP' ? 'up' : to === 'DOWN' ? 'down' : 'stop';
  const run = commands[name];
  return run === null || isDownAlready ? [] : [{ name, run }];
}

function environmentOf({ subject, to, cause, priority, at }: AnyMove, from: Told | null, where: Where) {
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
    ...(isOfService(subject) ? { LVS_SERVICE: subject.service, LVS_REALSERVER: subject.realserver ?? '' } : {}),
  };
}
