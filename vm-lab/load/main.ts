/**
 * The load generator, a program of its own so that nothing else delays it: `node main.ts PLAN` with a plan as JSON;
 * JSON lines on stdout, the last one the report. Ends when the plan does, when its stdin does, or on SIGTERM; and by
 * itself when something hangs.
 */
import { type HeldPlan, runHeld } from './held.ts';
import { type RequestsPlan, runRequests } from './requests.ts';
import { runVisits, type VisitsPlan } from './visits.ts';

export type Plan =
  | ({ readonly kind: 'requests' } & RequestsPlan)
  | ({ readonly kind: 'held' } & HeldPlan)
  | ({ readonly kind: 'visits' } & VisitsPlan);

const plan: Plan = JSON.parse(process.argv[2] ?? '');
const stop = new AbortController();
const end = () => stop.abort();
process.on('SIGTERM', end).on('SIGINT', end);
process.stdin.on('end', end).on('error', end).resume();
setTimeout(() => process.exit(3), plan.durationMs + 60_000).unref();

const told = (line: object) => process.stdout.write(`${JSON.stringify(line)}\n`);
process.stdout.on('error', () => process.exit(3));

function run(): Promise<object> {
  switch (plan.kind) {
    case 'requests':
      return runRequests(plan, stop.signal, told);
    case 'held':
      return runHeld(plan, stop.signal, told);
    case 'visits':
      return runVisits(plan, stop.signal);
  }
}

const report = await run();
process.stdout.write(`${JSON.stringify({ kind: 'report', ...report })}\n`, () => process.exit(0));
