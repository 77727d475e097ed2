/** All facts of a host: the steps that print them and the value that comes of it. */
import type { Step, StepResult } from '../shell/step.ts';
import type { Address } from '../wire/address.ts';
import { type AgentFacts, agentFact } from './agent.ts';
import type { Fact } from './fact.ts';
import { type FileFacts, filesFact } from './files.ts';
import { type FirewallFacts, firewallFact } from './firewall.ts';
import { type ModuleState, modulesFact } from './modules.ts';
import { type NetworkFacts, networkFact } from './network.ts';
import { type PlacedFacts, parseOriginals, parsePlaced } from './records.ts';
import { sysctlsFact } from './sysctls.ts';
import { type SystemFacts, systemFact } from './system.ts';
import { type UnitFacts, type UnitQuestion, unitsFact } from './units.ts';

export interface HostFacts {
  readonly system: SystemFacts;
  readonly modules: Readonly<Record<string, ModuleState>>;
  readonly sysctls: Readonly<Record<string, string>>;
  readonly files: Readonly<Record<string, FileFacts>>;
  readonly placed: PlacedFacts;
  readonly originals: Readonly<Record<string, string | null>>;
  readonly network: NetworkFacts;
  readonly units: Readonly<Record<string, UnitFacts>>;
  readonly firewall: FirewallFacts;
  /** Only on directors. */
  readonly agent: AgentFacts | null;
}

export interface HostQuestion {
  readonly modules: readonly string[];
  readonly sysctls: readonly string[];
  readonly paths: readonly string[];
  readonly headerMark: string;
  readonly recordMark: string;
  readonly units: readonly UnitQuestion[];
  readonly table: number;
  readonly tableWanted: boolean;
  readonly tableRecord: { readonly path: string; readonly line: string };
  readonly destinations: readonly Address[];
  readonly interfaces: readonly string[];
  readonly scriptUser: string;
  readonly agent: {
    readonly root: string;
    readonly socket: string;
    readonly command: string;
    readonly release: string;
  } | null;
}

export function factSteps(question: HostQuestion): Step[] {
  const step = <Question>(fact: Fact<Question, unknown>, asked: Question): Step => ({
    name: fact.name,
    text: fact.script(asked),
  });
  const { agent } = question;
  return [
    step(systemFact, { release: agent?.release ?? null, scriptUser: question.scriptUser }),
    ...(question.modules.length > 0 ? [step(modulesFact, question.modules)] : []),
    step(filesFact, question),
    ...(question.sysctls.length > 0 ? [step(sysctlsFact, question.sysctls)] : []),
    step(networkFact, question),
    step(unitsFact, question.units),
    step(firewallFact, null),
    ...(agent ? [step(agentFact, agent)] : []),
  ];
}

/** From the steps' results, in whatever order; a step that did not run counts as having printed nothing. */
export function parseFacts(results: readonly StepResult[]): HostFacts {
  const printed = new Map(results.map(({ name, stdout }) => [name, stdout]));
  const read = <Answer>(fact: Fact<never, Answer>): Answer => fact.parse(printed.get(fact.name) ?? '');
  const { files, records } = read(filesFact);
  return {
    system: read(systemFact),
    modules: read(modulesFact),
    sysctls: read(sysctlsFact),
    files,
    placed: parsePlaced(records),
    originals: parseOriginals(records),
    network: read(networkFact),
    units: read(unitsFact),
    firewall: read(firewallFact),
    agent: printed.has(agentFact.name) ? read(agentFact) : null,
  };
}
