/** What drain and undrain share: the directors, asked at once, and those that cannot be. They take no lock: a fire does not wait. */
import { hostname, userInfo } from 'node:os';
import type { Config } from '../config/config.ts';
import { exitCodeOf } from '../output/exit-code.ts';
import { Failure } from '../output/failure.ts';
import { type DirectorAgent, directorAgent } from '../playbook/director-agent.ts';
import type { DirectorFailure } from '../playbook/directors-told.ts';
import { type Subject, subjectsOf, UnknownNames } from '../playbook/drain-plan.ts';
import { hostFailure } from '../playbook/failure.ts';
import { formerSubjects } from '../playbook/former-realservers.ts';
import { promptConnect } from '../playbook/prompt-connect.ts';
import { closeDirectors, openDirectors, type Watched, watch } from '../playbook/watch.ts';
import type { AgentState } from '../status/state.ts';
import type { DirectorView } from '../status/table.ts';
import { type ClusterOptions, openCluster } from './cluster.ts';

export interface DirectorsAsked {
  readonly config: Config;
  readonly subjects: readonly Subject[];
  /** Of the directors that answer. */
  readonly states: readonly AgentState[];
  readonly agents: ReadonlyMap<string, DirectorAgent>;
  readonly absent: readonly DirectorFailure[];
}

interface Names {
  readonly verb: 'drain' | 'undrain';
  readonly names: readonly string[];
  readonly services: readonly string[] | null;
}

/**
 * @param signal - breaks off whatever the agents are asked
 * @throws Failure for names that nothing is called by, and when no director answers
 */
export async function withDirectors<Result>(
  options: ClusterOptions,
  names: Names,
  work: (asked: DirectorsAsked) => Promise<Result>,
  signal?: AbortSignal,
): Promise<Result> {
  const { config, targets, connect } = await openCluster(options);
  // An undrain may name who has left the topology: that is known when the directors have told what is drained.
  const strangers = names.verb === 'undrain' ? names.names.filter((name) => isStranger(config, name)) : [];
  const rest = { ...names, names: names.names.filter((name) => !strangers.includes(name)) };
  const present = rest.names.length === 0 && strangers.length > 0 ? [] : known(config, rest);
  const watched = await openDirectors(
    targets.filter(({ wanted }) => wanted.director !== null),
    promptConnect(connect),
  );
  try {
    const views = await watch(watched);
    const absent = views.flatMap((view, index) => absenceOf(view, watched[index]));
    const states = views.flatMap(({ state }) => (state === null ? [] : [state]));
    if (states.length === 0) throw nobody(absent, names.verb);
    const former = formerSubjects(states, { ...names, names: strangers });
    if (former.length < strangers.length) known(config, names);
    const subjects = [...present, ...former];
    return await work({ config, subjects, states, agents: agentsOf(watched, states, signal), absent });
  } finally {
    await closeDirectors(watched);
  }
}

/** As whom the agents keep it. */
export function operator(): string {
  return `${userInfo().username}@${hostname()}`;
}

function isStranger(config: Config, name: string): boolean {
  return !/[*?]/.test(name) && !config.realservers.some((one) => one.name === name || one.groups.includes(name));
}

function known(config: Config, names: Names): Subject[] {
  try {
    return subjectsOf(config, names);
  } catch (error) {
    if (!(error instanceof UnknownNames)) throw error;
    throw new Failure(5, error.message, error.hints, { cause: error });
  }
}

function absenceOf({ director, state, silence, foreign }: DirectorView, one: Watched | undefined): DirectorFailure[] {
  if (state !== null) return [];
  const why =
    foreign === undefined ? (silence ?? 'no answer') : `it still runs ${foreign.program}, which takes no orders`;
  return [{ ...(one?.failure ?? hostFailure(director, why)), knows: false }];
}

function agentsOf(
  watched: readonly Watched[],
  states: readonly AgentState[],
  signal: AbortSignal | undefined,
): Map<string, DirectorAgent> {
  const answering = new Set(states.map(({ director }) => director));
  return new Map(
    watched.flatMap(({ target, connection }) => {
      const { host } = target.wanted;
      return connection === null || !answering.has(host)
        ? []
        : [[host, directorAgent(host, connection, signal)] as const];
    }),
  );
}

function nobody(absent: readonly DirectorFailure[], verb: string): Failure {
  const code = exitCodeOf(absent.map(({ kind }) => kind));
  return new Failure(code, `no director can be told: ${absent.map(({ message }) => message).join('; ')}`, [
    ...new Set(absent.flatMap(({ hints }) => hints)),
    `on a director itself: lvs-agent ctl ${verb} REALSERVER`,
  ]);
}
