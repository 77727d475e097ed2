/** What a service as a whole makes of the verdicts on its realservers: why its table is as it is, in data and in words. */
import { z } from 'zod';

export const policyState = z.object({
  /** Of the service. */
  name: z.string(),
  quorum: z.object({
    state: z.enum(['up', 'down', 'unknown']),
    since: z.number(),
    /** Sum of the weights of living realservers; whoever is drained weighs nothing. */
    alive: z.number().int(),
    /** Of those that have not been judged yet. */
    undecided: z.number().int(),
    needed: z.number().int(),
    hysteresis: z.number().int(),
  }),
  /** The sorry server: in the place of the realservers, ready for it, or dead; null: there is none. */
  sorry: z.enum(['serves', 'ready', 'down']).nullable(),
  /** Realservers that fail and go on serving, because nearly all failed at once. */
  failOpen: z.object({ since: z.number(), realservers: z.array(z.string()) }).nullable(),
  /** Whose weight still rises, to what, and until when. */
  rising: z.array(z.object({ realserver: z.string(), weight: z.number().int(), until: z.number() })),
});

export type PolicyState = z.infer<typeof policyState>;

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
export function policyNotes({ name, rising }: PolicyState): string[] {
  return rising.map(
    ({ realserver, weight, until }) =>
      `${realserver} of ${name} starts slowly: weight ${weight} from ${clockText(until)} on`,
  );
}

/** UTC. */
function clockText(epochMs: number): string {
  return new Date(epochMs).toISOString().slice(0, 19).replace('T', ' ');
}
