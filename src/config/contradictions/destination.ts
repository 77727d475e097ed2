/** Realservers as services use them: ports, families, thresholds, and checks that can be made. */
import { familyOf } from '../../wire/address.ts';
import type { Step } from '../raw.ts';
import type { CheckConfig, DestinationConfig, ServiceConfig } from '../service.ts';
import { expectProblem, targetProblem } from './check.ts';
import type { Context, Rule } from './rule.ts';

/** Where a service names a realserver: the last entry that does, itself or by a group; else the service. */
export function entrySteps({ top }: Context, service: string, realserver: string): readonly Step[] {
  const uses = top.services.find(([name]) => name === service)?.[1].realservers ?? [];
  const groups = new Map(top.groups);
  const index = uses.findLastIndex(({ name }) => name === realserver || groups.get(name)?.includes(realserver));
  return index === -1 ? ['services', service] : ['services', service, 'realservers', index];
}

function destinationsFit(context: Context): void {
  const { config, report } = context;
  for (const service of config.services) {
    const { name, realservers, sorry } = service;
    if (realservers.length === 0 && sorry === null) {
      report(['services', name], 'the service has no realserver', {
        expected: 'at least one of its address family',
      });
    }
    if (realservers.length > 0 && realservers.every(({ weight }) => weight === 0)) {
      report(['services', name], 'every realserver has weight 0: nobody is served', { severity: 'warning' });
    }
    for (const destination of realservers) {
      portFits(service, destination, context);
      familyFits(service, destination, context);
      thresholdsFit(service, destination, context);
    }
  }
}

/** DR and TUN pass the packet on as it is: there is nothing that could change the port. */
function portFits(
  { name, mode, mark, listen }: ServiceConfig,
  { name: realserver, port }: DestinationConfig,
  context: Context,
): void {
  if (mode === 'nat' || port === null || (mark !== null && port === 0)) return;
  const wrong = listen.find((listener) => listener.port !== port);
  if (wrong === undefined) return;
  context.report(
    [...entrySteps(context, name, realserver), 'port'],
    `mode ${mode} cannot translate port ${wrong.port} to ${port}`,
    {
      expected: `no port, or mode: nat`,
    },
  );
}

function familyFits(
  { name, listen }: ServiceConfig,
  { name: realserver, address }: DestinationConfig,
  context: Context,
): void {
  // That a service has both is told elsewhere.
  const wrong = listen.find((listener) => familyOf(listener.address) !== familyOf(address));
  if (wrong === undefined || new Set(listen.map((one) => familyOf(one.address))).size > 1) return;
  const message = `realserver ${realserver} (${address}) is not of the family of ${wrong.address}`;
  context.report(entrySteps(context, name, realserver), message, { expected: 'one family' });
}

function thresholdsFit({ name }: ServiceConfig, destination: DestinationConfig, context: Context): void {
  const { name: realserver, upperThreshold, lowerThreshold } = destination;
  if (lowerThreshold === 0 || lowerThreshold < upperThreshold) return;
  const message =
    upperThreshold === 0
      ? 'a lower threshold without an upper one'
      : `the lower threshold ${lowerThreshold} is not below the upper ${upperThreshold}`;
  context.report([...entrySteps(context, name, realserver), 'lower_threshold'], message);
}

/** Kinds that need a port, and may have to be told which. */
const PORTED: readonly string[] = ['tcp', 'http', 'https', 'smtp', 'dns', 'udp'];

interface PlacedCheck {
  readonly check: CheckConfig;
  readonly steps: readonly Step[];
  readonly destination: DestinationConfig;
}

/** Checks of a service once for each realserver, with the place where each is written. */
export function checksOf(context: Context, { name, realservers }: ServiceConfig): PlacedCheck[] {
  const common = context.top.services.find(([service]) => service === name)?.[1].checks.length ?? 0;
  return realservers.flatMap((destination) =>
    destination.checks.map((check, index) => ({
      check,
      destination,
      steps:
        index < common
          ? ['services', name, 'checks', index]
          : [...entrySteps(context, name, destination.name), 'checks', index - common],
    })),
  );
}

/** One finding a check as written, though it serves many realservers. */
function checksFit(context: Context): void {
  for (const service of context.config.services) {
    const told = new Set<string>();
    for (const { check, steps, destination } of checksOf(context, service)) {
      const message = problemOf(check, destination, service);
      if (message === undefined || told.has(`${steps.join()} ${message[0]}`)) continue;
      told.add(`${steps.join()} ${message[0]}`);
      context.report(steps, message[0], { expected: message[1] });
    }
  }
}

function problemOf(
  check: CheckConfig,
  { address, port }: DestinationConfig,
  { listen }: ServiceConfig,
): readonly [message: string, expected: string] | undefined {
  const anyPort = port === 0 || (port === null && listen.some((listener) => listener.port === 0));
  if (PORTED.includes(check.kind) && check.target.port === null && anyPort) {
    return [
      `which port the ${check.kind} check probes cannot be known: the service has several or any`,
      'port: NUMBER',
    ];
  }
  if ((check.kind === 'http' || check.kind === 'https') && check.method === 'HEAD') {
    const compared = (['md5', 'sha256', 'body'] as const).find((key) => check[key] !== null);
    if (compared !== undefined)
      return [`the answer to HEAD has no body, and \`${compared}\` looks at one`, 'method: GET'];
  }
  return targetProblem(check, address) ?? expectProblem(check);
}

export const DESTINATION_RULES: readonly Rule[] = [
  { needs: ['realservers', 'groups'], followsNames: true, check: destinationsFit },
  { needs: ['realservers', 'groups'], check: checksFit },
];
