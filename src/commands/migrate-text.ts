/** A migration as people read it, before and after, and as `--json` carries it. */
import type { Output } from '../output/output.ts';
import type { Ended } from '../playbook/apply.ts';
import type { Migration } from '../playbook/migration/plan.ts';
import type { Side } from '../playbook/migration/side.ts';

export interface Plan {
  readonly migration: Migration;
  readonly sides: readonly Side[];
  /** What stands in the way: the plan's refusals, the director's own preconditions, and what the two would not agree on. */
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
  readonly unread: readonly string[];
}

export function tellPlan(cluster: string, plan: Plan, output: Output, check: boolean): void {
  const { migration, sides, problems, warnings } = plan;
  const { director, back } = migration;
  if (migration.done || problems.length > 0 || check) {
    const ended = 'nothing done';
    output.document({ schema: 1, cluster: cluster, ...documentOf(plan), ended });
  }
  const style = check ? output.style : output.messageStyle;
  const say = (text: string): void => (check ? output.text(text) : output.note(text));
  say(sides.map(sideText).join('\n'));
  if (migration.done) {
    say(`nothing to do: ${director} runs ${back ? 'keepalived' : 'lvs-agent with this topology'}`);
    return;
  }
  for (const warning of warnings) output.warn(warning);
  for (const problem of problems) output.error(problem);
  if (problems.length > 0) {
    output.note('nothing was changed');
    return;
  }
  say(migration.steps.map((step, index) => `  ${style.bold(`${index + 1}.`)} ${step}`).join('\n'));
}

const SPEAKS: Readonly<Record<Side['speaks'], string>> = {
  keepalived: 'keepalived (not managed yet)',
  agent: 'lvs-agent',
  both: 'keepalived and lvs-agent',
  nobody: 'neither keepalived nor lvs-agent',
};

function sideText({ director, speaks, holds }: Side): string {
  return `${director}: ${SPEAKS[speaks]}${holds.length === 0 ? '' : `, holds ${holds.join(', ')}`}`;
}

function documentOf({ migration, sides, problems, warnings, unread }: Plan) {
  const { director, back, way, moving, taker, steps } = migration;
  return { director, back, way, moving, taker, steps, directors: sides, unreadable: unread, problems, warnings };
}

export function tellEnd(cluster: string, plan: Plan, ended: Ended, output: Output): void {
  const { director, back } = plan.migration;
  output.document({ schema: 1, cluster: cluster, ...documentOf(plan), ended });
  if (ended !== 'done') {
    output.note(
      `${ended}: what was done stands; the same command goes on from there, and lvsctl migrate ${director} --back undoes it`,
    );
    return;
  }
  output.text(`${director} runs ${back ? 'keepalived again' : 'lvs-agent'}`);
  const left = plan.sides.filter((side) => side.director !== director && side.speaks === 'keepalived');
  if (back) return;
  if (left.length > 0)
    output.note(
      `still keepalived: ${left.map((side) => side.director).join(', ')}; then lvsctl migrate ${left[0]?.director}`,
    );
  else
    output.note(
      'no keepalived is left: lvsctl plan shows what lvsctl would do to the realservers, lvsctl apply does it',
    );
}
