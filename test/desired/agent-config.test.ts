import { describe, expect, it } from 'vitest';
import { agentConfigFile, agentConfigText, hashedText } from '../../src/desired/agent-config.ts';
import { topology } from './topology.ts';

describe('the agent’s configuration file', () => {
  it('is JSON with the members that the agent reads', () => {
    const config = topology('dr');
    const file: unknown = JSON.parse(agentConfigFile(agentConfigText(config, 'lb2'), 'f00d', 7));
    expect(file).toMatchObject({ generation: 7, hash: 'f00d', self: 'lb2', config: { cluster: 'shop' } });
  });

  it('hashes the same text on every director, whatever the order of keys', () => {
    const config = topology('dr');
    const turned = Object.fromEntries(Object.entries(config).reverse()) as unknown as typeof config;
    expect(hashedText(turned)).toBe(hashedText(config));
    expect(hashedText({ ...config, cluster: 'other' })).not.toBe(hashedText(config));
  });

  it('does not change with how hosts are reached or with their sysctls, which are no business of the agents', () => {
    const config = topology('dr');
    const directors = config.directors.map((one) => ({
      ...one,
      ssh: { port: 2222 },
      sysctl: { 'vm.swappiness': '1' },
    }));
    expect(hashedText({ ...config, ssh: { user: 'x' }, inventory: '/etc/x', directors })).toBe(hashedText(config));
  });
});
