/** All facts of a host: the steps that print them and the value that comes of it. */
import type { Step, StepResult } from '../shell/step.ts';
import type { Address } from '../wire/address.ts';
import { type AgentFacts, agentFact } from './agent.ts';
import { type ClockFact, clockFact } from './clock.ts';
import { CONNECTION_TABLE_PATHS, type ConnectionTableFacts, connectionTableIn } from './connection-table.ts';
import type { Fact } from './fact.ts';
import { type FileFacts, filesIn, type Marks, recordsIn } from './files.ts';
import { type FirewallFacts, firewallFact } from './firewall.ts';
import { type ModuleState, modulesFact } from './modules.ts';
import { type NetworkFacts, type NetworkQuestion, networkFact } from './network.ts';
import { type PlacedFacts, parseOriginals, parsePlaced } from './records.ts';
import { type RivalFacts, rivalsFact } from './rivals.ts';
import { type ChangeableParts, rootProgramsFact } from './root-programs.ts';
import { type RouteFact, routesFact } from './routes.ts';
import { sysctlPath, sysctlsIn } from './sysctls.ts';
import { type SystemFacts, systemFact } from './system.ts';
import { textsFact } from './texts.ts';
import { type TunnelFacts, tunnelsFact } from './tunnels.ts';
import { type UnitFacts, type UnitQuestion, unitsFact } from './units.ts';

export interface HostFacts {
  readonly system: SystemFacts;
  readonly modules: Readonly<Record<string, ModuleState>>;
  readonly sysctls: Readonly<Record<string, string>>;
  readonly files: Readonly<Record<string, FileFacts>>;
  readonly placed: PlacedFacts;
  readonly originals: Readonly<Record<string, string | null>>;
  readonly network: NetworkFacts;
  readonly tunnels: TunnelFacts;
  /** Only where there may be tunnels. */
  readonly routes: readonly RouteFact[];
  readonly connectionTable: ConnectionTableFacts;
  readonly units: Readonly<Record<string, UnitFacts>>;
  readonly firewall: FirewallFacts;
  /** Only on directors. */
  readonly rivals: RivalFacts | null;
  /** Of programs that root is to run. */
  readonly changeable: ChangeableParts;
  /** Only on directors. */
  readonly agent: AgentFacts | null;
  /** Only on directors. */
  readonly clock: ClockFact;
}

export interface HostQuestion {
  readonly modules: readonly string[];
  readonly sysctls: readonly string[];
  readonly paths: readonly string[];
  readonly marks: Marks;
  readonly units: readonly UnitQuestion[];
  readonly table: number;
  readonly destinations: readonly Address[];
  readonly ipv6: NetworkQuestion['ipv6'];
  readonly interfaces: readonly string[];
  readonly greDevice: string;
  readonly tunnelled: boolean;
  readonly tunnelDevices: readonly string[];
  readonly scriptUser: string;
  /** Files that root is to execute. */
  readonly rootPrograms: readonly string[];
  readonly agent: {
    readonly root: string;
    readonly socket: string;
    readonly command: string;
    readonly exchangeKey: string;
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
    step(systemFact, { release: agent?.release ?? null }),
    ...(question.modules.length > 0 ? [step(modulesFact, question.modules)] : []),
    step(textsFact, [...question.sysctls.map(sysctlPath), ...question.paths, ...CONNECTION_TABLE_PATHS, PASSWD]),
    step(networkFact, question),
    step(tunnelsFact, question),
    step(routesFact, question),
    step(unitsFact, question.units),
    step(firewallFact, null),
    ...(question.rootPrograms.length > 0 ? [step(rootProgramsFact, question.rootPrograms)] : []),
    ...(agent
      ? [
          step(rivalsFact, { interfaces: question.interfaces, socket: agent.socket }),
          step(agentFact, agent),
          step(clockFact, null),
        ]
      : []),
  ];
}

/** passwd(5). */
const PASSWD = '/etc/passwd';

/** From the steps' results, in whatever order; a step that did not run counts as having printed nothing. */
export function parseFacts(results: readonly StepResult[], { paths, marks, scriptUser }: HostQuestion): HostFacts {
  const printed = new Map(results.map(({ name, stdout }) => [name, stdout]));
  const read = <Answer>(fact: Fact<never, Answer>): Answer => fact.parse(printed.get(fact.name) ?? '');
  const texts = read(textsFact);
  const files = filesIn(texts, paths, marks);
  const records = recordsIn(files, marks);
  return {
    system: { ...read(systemFact), scriptUser: `\n${texts[PASSWD] ?? ''}`.includes(`\n${scriptUser}:`) },
    modules: read(modulesFact),
    sysctls: sysctlsIn(texts),
    files,
    placed: parsePlaced(records),
    originals: parseOriginals(records),
    network: read(networkFact),
    tunnels: read(tunnelsFact),
    routes: read(routesFact),
    connectionTable: connectionTableIn(texts),
    units: read(unitsFact),
    firewall: read(firewallFact),
    changeable: read(rootProgramsFact),
    rivals: printed.has(rivalsFact.name) ? read(rivalsFact) : null,
    agent: printed.has(agentFact.name) ? read(agentFact) : null,
    clock: read(clockFact),
  };
}
