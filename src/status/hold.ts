/** What keeps a director from becoming MASTER because somebody has asked for it, in words. */
import type { HoldState } from './state.ts';

/** As whom an agent holds its instances itself, for an old configuration. */
export const OWN_HOLD = 'lvs-agent';

/** A sentence for the operator. What an agent holds itself for is among its own alarms. */
export function holdAlarm({ instance, owner, reason, until, whileServed }: HoldState): string[] {
  if (owner === OWN_HOLD) return [];
  const who = `${instance ?? 'every instance'} is held as BACKUP by ${owner}${reason === null ? '' : ` (${reason})`}`;
  if (whileServed !== undefined)
    return [`${who}, as long as another director is MASTER; unless an apply is running, apply again`];
  const end = until === null ? '' : ` until ${new Date(until).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
  return [`${who}${end}; \`lvs-agent ctl release\` there ends it`];
}
