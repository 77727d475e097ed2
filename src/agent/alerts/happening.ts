/** From what has happened to the alert that tells of it. Pure. */
import type { Alert } from '../../status/alert.ts';
import type { Where } from '../notify/command.ts';
import type { Move } from '../notify/moves.ts';
import type { Told } from '../notify/subject.ts';
import type { VerdictChange } from './verdicts.ts';

/** What makes an alert; its id and whom it is for come with the spool. */
export type Happening = Omit<Alert, 'schema' | 'id' | 'message' | keyof Where>;

export function happeningOfMove({ subject, to, cause, at, seen }: Move, from: Told | null): Happening {
  const kind = subject.type === 'GROUP' ? 'group' : 'instance';
  return { kind, name: subject.name, service: null, from, to, cause, at, late: seen === 'found' };
}

export function happeningOfVerdict({ realserver, service, from, to, cause }: VerdictChange, at: number): Happening {
  const [kind, name] = realserver === null ? (['service', service] as const) : (['realserver', realserver] as const);
  return { kind, name, service: realserver === null ? null : service, from, to, cause, at, late: false };
}

export function alertOf(happening: Happening, where: Where, id: string): Alert {
  return { schema: 1, id, ...where, ...happening, message: sentence(happening, where) };
}

function sentence({ kind, name, service, from, to, cause, late }: Happening, { director }: Where): string {
  const where = kind === 'realserver' ? `in ${service}, seen from ${director}` : `on ${director}`;
  const what = kind === 'group' ? `sync group ${name}` : kind === 'service' ? `service ${name}` : name;
  const was = from === null ? '' : `, was ${from}`;
  const found = late ? ' (found when the agent came back)' : '';
  return `${what} is ${to} ${where}${was}: ${cause}${found}`;
}
