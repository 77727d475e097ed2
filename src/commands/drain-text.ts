/** What drain and undrain print: sentences for people, one document for programs. */
import type { Output } from '../output/output.ts';
import type { DirectorFailure } from '../playbook/directors-told.ts';
import type { Drained, DrainResult } from '../playbook/drain.ts';
import { leftText } from '../playbook/drain-look.ts';
import type { Subject } from '../playbook/drain-plan.ts';
import type { Undrained, UndrainResult } from '../playbook/undrain.ts';
import { quote } from '../shell/quote.ts';
import type { AgentState } from '../status/state.ts';

/**
 * @param waitMs - how long was waited at most, or null
 * @param unasked - directors of which nobody knows what they have
 * @param where - the words that the same cluster and services need: else a hint means another, or more
 */
export function tellDrained(
  output: Output,
  one: Drained,
  waitMs: number | null,
  unasked: readonly string[],
  where: readonly string[] = [],
): void {
  const { realserver, outcome, seconds, left } = one;
  const rest = leftText(left);
  const same = [realserver, ...where].map(quote).join(' ');
  const again = `lvsctl drain ${same} --wait`;
  const back = `lvsctl undrain ${same}`;
  switch (outcome) {
    case 'drained':
      output.text(`${realserver} is drained${whereNothingArrives(one, unasked)}; ${rest}`);
      output.note(`hint: ${again} waits until it is empty; ${back} gives its weight back`);
      break;
    case 'empty':
      output.text(`${realserver} is drained and empty after ${seconds} s${asFarAsKnown(one, unasked)}`);
      break;
    case 'timeout':
      output.error(`${realserver} is not empty after ${durationText(waitMs ?? 0)}, and stays drained: ${rest}`);
      output.note(`hint: ${again} goes on waiting; ${back} gives its weight back`);
      break;
    case 'interrupted':
      output.warn(`${realserver} stays drained: ${rest}`);
      output.note(`hint: ${again} goes on waiting; ${back} gives its weight back`);
      break;
    case 'ended':
      output.error(`${realserver} is drained no longer: somebody took that back, or its time was over; ${rest}`);
      break;
    case 'unknown':
      output.error(`${realserver}: no director can be asked any more whether it is empty`);
      break;
  }
}

function whereNothingArrives({ left }: Drained, unasked: readonly string[]): string {
  if (unasked.length === 0) return ': nothing new arrives';
  const asked = left.map(({ director }) => director).join(' and ');
  return ` at ${asked}: nothing new arrives there; what ${unasked.join(' and ')} sends it is not known`;
}

function asFarAsKnown({ left }: Drained, unasked: readonly string[]): string {
  if (unasked.length === 0) return '';
  const asked = left.map(({ director }) => director).join(' and ');
  return ` at ${asked}; what ${unasked.join(' and ')} may have is not known`;
}

/** @param states - of the directors that were asked at the beginning */
export function tellFailures(
  output: Output,
  failures: readonly DirectorFailure[],
  states: readonly AgentState[],
  what = 'drain',
): void {
  const failed = new Set(failures.map(({ host }) => host));
  const told = states.filter(({ director }) => !failed.has(director));
  for (const { host, message, hints, knows } of failures) {
    output.error(knows ? message : `${host} was not told: ${message}`);
    for (const hint of hints) output.note(`hint: ${hint}`);
    if (!knows) output.note(`hint: ${whenItIsBack(host, told, what)}`);
  }
}

/** The directors tell each other, if they have a key in common. */
function whenItIsBack(host: string, told: readonly AgentState[], what: string): string {
  const teller = told.find(({ exchange }) => exchange?.key != null);
  if (teller === undefined) return `run this again when ${host} is back, or on it: lvs-agent ctl ${what} REALSERVER`;
  return `${teller.director} tells it as soon as it is back, before it can be MASTER`;
}

function durationText(ms: number): string {
  if (ms < 1_000) return `${ms} ms`;
  const seconds = Math.round(ms / 1_000);
  if (seconds < 120) return `${seconds} s`;
  return seconds % 60 === 0 ? `${seconds / 60} min` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

export function drainDocument(cluster: string, states: readonly AgentState[], result: DrainResult): object {
  return { schema: 1, cluster, realservers: result.realservers, directors: directorsOf(states, result.failures) };
}

export function undrainDocument(
  cluster: string,
  states: readonly AgentState[],
  result: UndrainResult,
  idle: readonly Subject[],
): object {
  const back = result.realservers.map((one) => ({ ...one, wasDrained: true }));
  const others = idle.map(({ realserver }) => ({ realserver, wasDrained: false }));
  return { schema: 1, cluster, realservers: [...back, ...others], directors: directorsOf(states, result.failures) };
}

function directorsOf(states: readonly AgentState[], failures: readonly DirectorFailure[]): object[] {
  const failed = failures.map(({ host, kind, message, knows }) => ({ director: host, outcome: kind, message, knows }));
  const well = states.filter(({ director }) => !failures.some(({ host }) => host === director));
  return [...well.map(({ director }) => ({ director, outcome: 'done', message: null, knows: true })), ...failed];
}

export function tellUndrained(output: Output, { realserver, weights }: Undrained): void {
  const all = Object.entries(weights);
  const told = all.filter(([, weight]) => weight > 0).map(([service, weight]) => `weight ${weight} in ${service}`);
  const out = all.filter(([, weight]) => weight === 0).map(([service]) => service);
  output.text(`${realserver} is drained no longer${told.length === 0 ? '' : `: ${told.join(', ')}`}`);
  if (out.length > 0)
    output.warn(`${realserver} has no weight in ${out.join(' and ')} yet: see its checks in lvsctl status`);
}
