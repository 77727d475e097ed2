/** What is left to say of an apply, on stderr: who was not there, what is still held, and that the next one goes on. */
import { heldInstances } from '../operations/holds.ts';
import type { Ended } from '../playbook/apply.ts';
import { absentDirectors } from '../playbook/partial.ts';
import type { HostPlan } from '../playbook/plan.ts';
import type { HostRun } from '../playbook/run.ts';

/** Where an apply was not begun only because directors are absent. */
export function partialHint(plans: readonly HostPlan[]): string {
  const names = absentDirectors(plans).map(({ host }) => host);
  return `${names.join(' and ')} cannot be reached, so nothing is applied; --partial applies to the others`;
}

export interface End {
  readonly ended: Ended;
  readonly hosts: readonly HostRun[];
  readonly absent: readonly string[];
  readonly generation: number;
}

export function endNotes({ ended, hosts, absent, generation }: End): string[] {
  return [
    ...(absent.length === 0 ? [] : [absenceText(absent, generation)]),
    ...(ended === 'done' ? [] : hosts.flatMap(heldText)),
    ...(ended === 'done' ? [] : [`${ended}: what was done stands, and the next apply goes on from there`]),
  ];
}

function absenceText(absent: readonly string[], generation: number): string {
  const [were, come, it] = absent.length === 1 ? ['was', 'it comes', 'it'] : ['were', 'they come', 'them'];
  return `${absent.join(' and ')} ${were} not there: ${come} back held as BACKUP until an apply has given ${it} generation ${generation}; until then realservers keep what they no longer need`;
}

function heldText({ target, facts }: HostRun): string[] {
  const held = heldInstances(facts.agent);
  if (held.length === 0) return [];
  return [
    `${target.wanted.host}: ${held.join(' and ')} held as BACKUP, for ten minutes at most; \`lvs-agent ctl release\` there ends it`,
  ];
}
