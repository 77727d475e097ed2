/** Configurations for tests of the agent, as the topology loader makes them. */
import type { StoredConfig } from '../../src/agent/config-shape.ts';
import { loadTopology } from '../../src/config/load.ts';

/** @throws Error with the topology's problems */
export function storedConfig(topology: string, options: Partial<StoredConfig> = {}): StoredConfig {
  const loaded = loadTopology(topology, '/topology.yaml');
  if ('problems' in loaded) throw new Error(JSON.stringify(loaded.problems, null, 1));
  const config = JSON.parse(JSON.stringify(loaded.config)) as StoredConfig['config'];
  return { generation: 1, hash: 'hash-1', self: 'lb1', config, ...options };
}

export interface WebOptions {
  /** Port of each realserver's check; the addresses are 127.0.0.21 and up. */
  readonly ports: readonly number[];
  readonly scheduler?: string;
  readonly listen?: string;
  readonly service?: string;
  readonly top?: string;
  /** More keys of the instance. */
  readonly instance?: string;
}

/** Two directors, a realserver a port, one DR service that is checked fast. */
export function webTopology({
  ports,
  scheduler = 'wrr',
  listen = '10.77.1.100:80',
  service = '',
  top = '',
  instance = '',
}: WebOptions) {
  const names = ports.map((_port, index) => `web${index + 1}`);
  return `
cluster: test
directors:
  lb1: { dip: { eth1: 10.77.1.11 } }
  lb2: { dip: { eth1: 10.77.1.12 } }
realservers:
${names.map((name, index) => `  ${name}: { rip: 127.0.0.${21 + index}, weight: ${index + 1} }`).join('\n')}
vrrp:
  public: { vrid: 51, vips: [10.77.1.100], prefer: [lb1, lb2]${instance} }
${top}
check_defaults: { interval: 100ms, timeout: 150ms, retries: 1, retry_delay: 20ms, rise: 2, warmup: 10ms }
services:
  http:
    listen: ${listen}
    mode: dr
    scheduler: ${scheduler}
    realservers:
${names.map((name, index) => `      - { name: ${name}, checks: [{ http: /, port: ${ports[index]} }] }`).join('\n')}
${service}`;
}
