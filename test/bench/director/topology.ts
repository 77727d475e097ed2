/** A director's configuration of any size, as the topology loader makes it. */
import type { StoredConfig } from '../../../src/agent/config-shape.ts';
import { loadTopology } from '../../../src/config/load.ts';

export interface Size {
  readonly services: number;
  /** Of each service. */
  readonly realservers: number;
  /** YAML of one check; null: none. */
  readonly check: string | null;
  /** Whether no realserver serves twice, so that every check is a probe of its own. */
  readonly distinct: boolean;
  readonly interval?: string;
}

/** The director of the benchmark, and its interface. */
export const DIP = '10.77.1.11';

/** @throws Error with the topology's problems */
export function storedConfig(size: Size): StoredConfig {
  const loaded = loadTopology(topologyText(size), '/topology.yaml');
  if ('problems' in loaded) throw new Error(JSON.stringify(loaded.problems, null, 1));
  return { generation: 1, hash: 'bench', self: 'lb1', config: loaded.config };
}

export function topologyText({ services, realservers, check, distinct, interval = '1s' }: Size): string {
  const count = distinct ? services * realservers : realservers;
  const lines = (total: number, line: (index: number) => string) =>
    Array.from({ length: total }, (_, index) => line(index));
  const members = (service: number) =>
    lines(realservers, (index) => `rs${distinct ? service * realservers + index : index}`).join(', ');
  const checks = check === null ? '[]' : `[${check}]`;
  return [
    'cluster: bench',
    'directors:',
    `  lb1: { dip: { dummy0: ${DIP} } }`,
    '  lb2: { dip: { dummy0: 10.77.1.12 } }',
    'realservers:',
    ...lines(count, (index) => `  rs${index}: { rip: ${ripOf(index)} }`),
    'vrrp:',
    '  public: { vrid: 51, interface: dummy0, vips: [10.77.1.100], prefer: [lb1, lb2], advert_interval: 100ms }',
    `check_defaults: { interval: ${interval}, timeout: 2s, retries: 2, retry_delay: 1s, warmup: ${interval} }`,
    ...(services === 0 ? [] : ['services:']),
    ...lines(
      services,
      (index) =>
        `  s${index}: { listen: '10.77.1.100:${portOf(index)}', mode: dr, scheduler: wlc, start: up, realservers: [${members(index)}], checks: ${checks} }`,
    ),
    '',
  ].join('\n');
}

/** Addresses of loopback: whatever listens there answers for all. */
export function ripOf(index: number): string {
  return `127.1.${index >> 8}.${index & 255}`;
}

export function portOf(service: number): number {
  return 1_000 + service;
}
