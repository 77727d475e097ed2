/**
 * Which probes a configuration needs. Checks that ask the same thing of the same target at the same pace are one probe, however
 * many services and listeners use its answer: a realserver behind forty services is asked once.
 */
import type { Config } from '../config/config.ts';
import { endpointsAsked, type ProbePath, pathTo } from '../config/in-path.ts';
import type { CheckConfig, CheckTiming, DestinationConfig, Mode, ServiceConfig } from '../config/service.ts';

/** One thing to ask, with its target filled in. */
export interface ProbeSpec {
  readonly key: string;
  readonly check: CheckConfig;
  readonly address: string;
  /** 0 where the kind has none (ping, script, file). */
  readonly port: number;
  readonly timing: CheckTiming;
  /** Of an in-path probe, whose address and port are a listener's. */
  readonly path?: ProbePath;
}

/** What the sorry server of a service is called among its realservers; no realserver can be called so. */
export const SORRY = 'sorry server';

/** A destination of a service and the probes that judge it. */
export interface Judged {
  readonly service: string;
  /** Its name, or {@link SORRY}. */
  readonly realserver: string;
  readonly probes: readonly string[];
}

export interface ProbePlan {
  readonly probes: ReadonlyMap<string, ProbeSpec>;
  readonly judged: readonly Judged[];
  /** Whom each probe judges. */
  readonly users: ReadonlyMap<string, readonly Judged[]>;
}

export const NO_PROBES: ProbePlan = { probes: new Map(), judged: [], users: new Map() };

/** @param self - the director that asks */
export function probePlan(config: Config, self: string): ProbePlan {
  const probes = new Map<string, ProbeSpec>();
  const judged = config.services.flatMap((service) =>
    [...realserversOf(service), ...sorryOf(service)].map((destination): Judged => {
      const specs = destination.checks.flatMap((check) => specsOf(introduced(check, self), destination, service));
      for (const spec of specs) if (!probes.has(spec.key)) probes.set(spec.key, spec);
      return {
        service: service.name,
        realserver: destination.name,
        probes: [...new Set(specs.map(({ key }) => key))],
      };
    }),
  );
  return { probes, judged, users: usersOf(judged) };
}

type Asked = Pick<DestinationConfig, 'name' | 'address' | 'port' | 'checks'> & { readonly mode: Mode };

function realserversOf({ realservers, mode }: ServiceConfig): Asked[] {
  return realservers.map((one) => ({ ...one, mode }));
}

function sorryOf({ sorry }: ServiceConfig): Asked[] {
  return sorry?.kind === 'host' ? [{ ...sorry, name: SORRY }] : [];
}

function usersOf(judged: readonly Judged[]): ReadonlyMap<string, readonly Judged[]> {
  const users = new Map<string, Judged[]>();
  for (const one of judged) {
    for (const key of one.probes) {
      const known = users.get(key);
      if (known === undefined) users.set(key, [one]);
      else known.push(one);
    }
  }
  return users;
}

/** Who asks says its own name, unless it is given another. */
function introduced(check: CheckConfig, self: string): CheckConfig {
  return check.kind === 'smtp' && check.helo === null ? { ...check, helo: self } : check;
}

/** A check without a port of its own asks every port that the destination serves. */
function specsOf(check: CheckConfig, destination: Asked, service: ServiceConfig): ProbeSpec[] {
  if (check.target.via === 'vip') return inPathSpecs(check, destination, service);
  // What is on the director itself is the same for all.
  const address = check.kind === 'file' ? '' : (check.target.address ?? destination.address);
  return portsOf(check, destination, service).map((port) => {
    const { timing, ...asked } = check;
    return { key: JSON.stringify([address, port, asked, timing]), check, address, port, timing };
  });
}

/** By each listener that it asks: the VIP of one may be missing on the realserver where that of another is not. */
function inPathSpecs(check: CheckConfig, destination: Asked, { listen, tunnel }: ServiceConfig): ProbeSpec[] {
  return endpointsAsked(check, listen).map(({ address, port }) => {
    const { timing, ...asked } = check;
    const path = pathTo(destination.mode, tunnel, destination, address);
    return { key: JSON.stringify([address, port, asked, timing, path]), check, address, port, timing, path };
  });
}

function portsOf(check: CheckConfig, destination: Asked, service: ServiceConfig): number[] {
  if (check.kind === 'ping' || check.kind === 'script' || check.kind === 'file') return [0];
  if (check.target.port !== null) return [check.target.port];
  if (destination.port !== null && destination.port !== 0) return [destination.port];
  const ports = service.listen.map(({ port }) => port).filter((port) => port !== 0);
  return [...new Set(ports)];
}

/** As a person would say it: `http 10.77.1.21:80 /index.html`, `tcp 10.77.1.100:80 through IPVS to 10.77.1.21`. */
export function describeProbe(spec: ProbeSpec): string {
  return spec.path === undefined ? questionOf(spec) : `${questionOf(spec)} through IPVS to ${spec.path.address}`;
}

function questionOf({ check, address, port }: ProbeSpec): string {
  const where = port === 0 ? address : `${address.includes(':') ? `[${address}]` : address}:${port}`;
  switch (check.kind) {
    case 'http':
    case 'https':
      return `${check.kind} ${where} ${check.path}`;
    case 'dns':
      return `dns ${where} ${check.type} ${check.name}`;
    case 'script':
      return `script ${check.run.join(' ')} for ${address}`;
    case 'file':
      return `file ${check.path}`;
    case 'tcp':
    case 'ping':
    case 'smtp':
    case 'udp':
      return `${check.kind} ${where}`;
  }
}
