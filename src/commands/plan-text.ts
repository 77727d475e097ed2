/** A plan as people read it and as `--json` carries it. */
import type { Style } from '../output/style.ts';
import type { HostPlan } from '../playbook/plan.ts';

export function planText(plans: readonly HostPlan[], style: Style, verbose: boolean): string {
  return [...plans.flatMap((plan) => hostLines(plan, style, verbose)), summary(plans)].join('\n');
}

function hostLines(plan: HostPlan, style: Style, verbose: boolean): string[] {
  const title = `${style.bold(plan.host)} (${plan.role})`;
  const problems = plan.problems.map((problem) => `  ${style.bad('!')} ${withoutCommands(problem)}`);
  if (plan.failure) return [`${title}: ${style.bad('not read')}`, `  ${plan.failure.message}`, ...problems];
  const reasons = verbose ? Object.entries(plan.reasons).map(([name, why]) => style.dim(`    ${name}: ${why}`)) : [];
  if (plan.changes.length === 0 && problems.length === 0) return [`${title}: nothing to change`, ...reasons];
  const paint = { '+': style.added, '~': style.changed, '-': style.removed, '!': style.bad };
  const lines = plan.changes.map(
    ({ sign, what, why }) => `  ${paint[sign](`${sign} ${what}`)}  ${style.dim(`(${why})`)}`,
  );
  return [title, ...problems, ...lines, ...reasons];
}

/** Commands to paste are told once, behind the plan. */
function withoutCommands(problem: string): string {
  return problem.split('\n')[0] ?? '';
}

function summary(plans: readonly HostPlan[]): string {
  const count = (sign: string) =>
    plans.flatMap(({ changes }) => changes).filter((change) => change.sign === sign).length;
  const changed = plans.filter(({ changes }) => changes.length > 0).length;
  const lost = plans.filter(({ failure }) => failure !== null).length;
  const stuck = plans.filter(({ problems }) => problems.length > 0).length;
  const what =
    changed === 0
      ? `Nothing to change${lost > 0 ? ' on the others' : ''}`
      : `${count('+')} to add, ${count('~')} to change, ${count('-')} to remove on ${hosts(changed)}`;
  return [what, lost > 0 ? `${hosts(lost)} not read` : '', stuck > 0 ? `${hosts(stuck)} with problems` : '']
    .filter((part) => part !== '')
    .join('; ');
}

function hosts(count: number): string {
  return `${count} host${count === 1 ? '' : 's'}`;
}

export function planDocument(cluster: string, plans: readonly HostPlan[]) {
  return {
    schema: 1,
    cluster,
    changes: plans.reduce((sum, { changes }) => sum + changes.length, 0),
    hosts: plans.map(({ host, role, changes, problems, warnings, failure }) => ({
      host,
      role,
      changes,
      problems,
      warnings,
      unreadable: failure === null ? null : { kind: failure.kind, message: failure.message, hints: failure.hints },
    })),
  };
}
