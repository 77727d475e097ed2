/** What a failover prints: sentences for people, one document for programs. */
import type { Output } from '../output/output.ts';
import { connections, type HandOverResult } from '../playbook/failover.ts';
import type { FailoverPlan, Move } from '../playbook/failover-plan.ts';

export function tellMove(output: Output, move: Move, result: HandOverResult): void {
  if (result.outcome === 'failed') output.error(result.message);
  else if (result.outcome === 'refused') tellRefusal(output, move, result.lost);
  else tellDone(output, move, result);
}

function tellRefusal(output: Output, { instances, from, to }: Move, lost: number): void {
  output.error(
    `${instances.join(' and ')} stays at ${from}: ${to} does not know ${connections(lost)}, which would be lost`,
  );
  output.note(`hint: --allow-loss ${lost} goes on all the same; in a moment fewer may be unknown`);
}

function tellDone(
  output: Output,
  move: Move,
  { seconds, left, lost }: Extract<HandOverResult, { outcome: 'done' }>,
): void {
  const names = move.instances.join(' and ');
  output.text(`${move.to} is MASTER of ${names} after ${seconds.toFixed(2)} s${groupOf(move)}`);
  if (lost > 0) output.warn(`${connections(lost)} in NAT were not known to it and are lost`);
  if (left === 0 && move.relayed.length > 0) output.text(`it knows all connections that ${move.from} knew`);
  if (left !== null && left > 0) {
    output.warn(`${connections(left)} are known to ${move.from} only, and relayed to it when they speak`);
    output.note(`hint: leave ${move.from} running until they have ended, ten minutes at most`);
  }
}

function groupOf({ instances }: Move): string {
  return instances.length > 1 ? ', which are of one sync group' : '';
}

export function failoverDocument(
  cluster: string,
  { notes }: FailoverPlan,
  done: readonly { readonly move: Move; readonly result: HandOverResult }[],
): object {
  const moves = done.map(({ move: { instances, from, to }, result }) => ({ instances, from, to, ...result }));
  return { schema: 1, cluster, moves, notes };
}
