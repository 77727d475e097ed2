/** What services as a whole make of the verdicts on their realservers, in words: why a table is as it is. */
import type { AgentState, PolicyState } from './state.ts';

/** What is wrong; one sentence each. */
export function policyAlarms({ name, quorum, sorry, failOpen }: PolicyState): string[] {
  const alarms: string[] = [];
  if (quorum.state === 'down') {
    const { alive, needed, since } = quorum;
    const weighs = `living realservers weigh ${alive}, and it needs ${needed}`;
    alarms.push(`${name} has no quorum since ${clockText(since)}: ${weighs}${SORRY_WORDS[sorry ?? 'none']}`);
  } else if (sorry === 'down') alarms.push(`the sorry server of ${name} is down`);
  if (failOpen !== null) {
    const who = failOpen.realservers.join(', ');
    alarms.push(`${name} fails open since ${clockText(failOpen.since)}: ${who} fail their checks and go on serving`);
  }
  return alarms;
}

const SORRY_WORDS = {
  none: '',
  serves: '; the sorry server serves',
  ready: '',
  down: '; the sorry server is down, too',
} as const;

/** What is as it should be, and worth knowing; one sentence each. */
export function policyNotes({ policies = [], waiting = [] }: AgentState): string[] {
  return [
    ...policies.flatMap(risingNotes),
    ...waiting.map((name) => `${name} waits here until this director is MASTER`),
  ];
}

function risingNotes({ name, rising }: PolicyState): string[] {
  return rising.map(
    ({ realserver, weight, until }) =>
      `${realserver} of ${name} starts slowly: weight ${weight} from ${clockText(until)} on`,
  );
}

/** UTC. */
function clockText(epochMs: number): string {
  return new Date(epochMs).toISOString().slice(0, 19).replace('T', ' ');
}
