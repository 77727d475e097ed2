/** Checks with `via: vip`, and marks of checks: what they cannot be asked by, and whom they would not reach. */
import { familyOf } from '../../wire/address.ts';
import type { Config } from '../config.ts';
import {
  type Asked,
  endpointsAsked,
  type InPath,
  inPathProbes,
  inPathProtocol,
  PATHS_A_LISTENER,
  pathKey,
  probeMarkCount,
  reservedMarks,
} from '../in-path.ts';
import type { Step } from '../raw.ts';
import type { CheckConfig, ServiceConfig } from '../service.ts';
import { checksOf } from './destination.ts';
import { listenerText } from './listener.ts';
import type { Context, Rule } from './rule.ts';

type Problem = readonly [message: string, expected: string];

/** One finding a check as written, though it serves many realservers. */
function checksReach(context: Context): void {
  const { config, report } = context;
  for (const service of config.services) {
    const told = new Set<string>();
    for (const { check, steps, destination } of [...checksOf(context, service), ...sorryChecks(service)]) {
      const problem = markProblem(check, config) ?? pathProblem(check, destination, service, config);
      if (problem === undefined || told.has(steps.join())) continue;
      told.add(steps.join());
      report(steps, problem[0], { expected: problem[1] });
    }
  }
}

interface Placed {
  readonly check: CheckConfig;
  readonly steps: readonly Step[];
  readonly destination: Asked & { readonly name?: string };
}

function sorryChecks({ name, sorry }: ServiceConfig): Placed[] {
  if (sorry?.kind !== 'host') return [];
  return sorry.checks.map((check, index) => ({
    check,
    steps: ['services', name, 'sorry', 'checks', index],
    destination: sorry,
  }));
}

/** The kernel would take the probe for what the mark stands for. */
function markProblem({ target: { mark } }: CheckConfig, { ipvs, services }: Config): Problem | undefined {
  if (mark === null) return undefined;
  const { first, last } = reservedMarks(ipvs);
  const expected = 'a mark that nothing else uses';
  if (mark >= first && mark <= last) return [`mark ${mark} lies in ipvs.probe_marks`, expected];
  const service = services.find((one) => one.mark === mark);
  if (service === undefined) return undefined;
  return [
    `mark ${mark} is that of service ${service.name}: IPVS would send the probe to any of its realservers`,
    expected,
  ];
}

function pathProblem(
  check: CheckConfig,
  { name, address }: Placed['destination'],
  { listen }: ServiceConfig,
  { directors, ipvs }: Config,
): Problem | undefined {
  const { kind, target } = check;
  if (target.via !== 'vip') return undefined;
  const protocol = inPathProtocol(kind);
  if (protocol === null) {
    return [
      `a ${kind} check cannot take the way of clients`,
      'via: rip, or a check of tcp, http, https, smtp, dns or udp',
    ];
  }
  if (check.kind === 'udp' && check.expectHex === null) {
    return ['by the VIP a datagram that nobody takes is silent, and without `expect` silence passes', 'expect: ANSWER'];
  }
  const given = (['address', 'from', 'mark'] as const).filter((key) => target[key] !== null);
  if (given.length > 0) {
    const keys = given.map((key) => `\`${key === 'address' ? 'connect.address' : key}\``).join(', ');
    return [
      `with \`via: vip\` the agent chooses address, source and mark itself: ${keys} cannot be kept to`,
      'via: rip',
    ];
  }
  if (endpointsAsked(check, listen).length === 0) {
    const wanted = target.port === null ? protocol : `port ${target.port}/${protocol}`;
    return [`clients have no listener of ${wanted} to ask by`, `one of ${listen.map(listenerText).join(', ')}`];
  }
  const director = directors.find((one) => one.name === name || one.dips.some((dip) => dip.address === address));
  if (director !== undefined) {
    return [
      `director ${director.name} is a realserver of this service: a probe by the VIP would not leave it`,
      'via: rip',
    ];
  }
  if (ipvs.sysctl['backup_only'] === '1') {
    return ['with ipvs.sysctl.backup_only 1 a BACKUP sends probes by the VIP to the MASTER', 'via: rip'];
  }
  const families = new Set(endpointsAsked(check, listen).map((one) => familyOf(one.address)));
  for (const family of families) {
    const lacking = directors.find(({ dips }) => !dips.some((dip) => familyOf(dip.address) === family));
    if (lacking === undefined) continue;
    return [`director ${lacking.name} has no IPv${family} address of its own to ask from`, 'a dip of that family'];
  }
  return undefined;
}

/** Each needs a mark, and at each listener ports of its own. */
function thereIsRoom({ config, report }: Context): void {
  const all = inPathProbes(config.services);
  const marks = new Set(all.map(({ path }) => pathKey(path))).size;
  const room = probeMarkCount(config);
  if (marks > room) {
    const message = `there is room for ${room} marks of probes, and checks with \`via: vip\` need ${marks}`;
    report(['ipvs', 'probe_marks'], message, { expected: 'a wider range' });
  }
  for (const [listener, probes] of Map.groupBy(all, listenerOf)) {
    const count = new Set(probes.map(({ path }) => pathKey(path))).size;
    if (count <= PATHS_A_LISTENER) continue;
    const message = `${count} realservers of ${listener} are checked with \`via: vip\``;
    report(['services'], message, { expected: `at most ${PATHS_A_LISTENER} a listener` });
  }
}

function listenerOf({ endpoint: { address, port } }: InPath): string {
  return `${address} port ${port}`;
}

export const IN_PATH_RULES: readonly Rule[] = [
  { needs: ['realservers', 'groups', 'directors', 'ipvs'], check: checksReach },
  { needs: ['realservers', 'groups', 'directors'], check: thereIsRoom },
];
