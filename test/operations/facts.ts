/** Facts of hosts that are as a fresh installation leaves them; tests change what they are about. */
import { createHash } from 'node:crypto';
import { managedFiles } from '../../src/desired/files.ts';
import { NOTHING_PLACED, type Wanted } from '../../src/desired/wanted.ts';
import type { AgentFacts } from '../../src/facts/agent.ts';
import type { HostFacts } from '../../src/facts/host.ts';
import type { Context } from '../../src/operations/operation.ts';
import { type Address, parseAddress } from '../../src/wire/address.ts';
import { agentState } from '../facts/agent-state.ts';

export const digest = (text: string): string => createHash('sha256').update(text).digest('hex');

export const CONTEXT: Context = {
  digest,
  release: 'bb',
  vrrpParts: 'b0',
  configHash: 'f00d',
  generation: 3,
  exchange: { id: 'k0', file: null },
  pinned: false,
};

export function address(text: string): Address {
  const found = parseAddress(text);
  if (found === undefined) throw new RangeError(text);
  return found;
}

export function freshFacts(change: Partial<HostFacts> = {}): HostFacts {
  return {
    system: {
      architecture: 'x64',
      machine: 'x86_64',
      kernel: '6.1.0',
      distribution: ['debian'],
      systemd: true,
      glibc: '2.36',
      libstdcxx: true,
      scriptUser: true,
    },
    modules: {},
    sysctls: {},
    files: {},
    placed: NOTHING_PLACED,
    originals: {},
    network: { addresses: [], rules: [], returnVias: [], ways: {}, up: [] },
    tunnels: { guePorts: [], gre: null },
    routes: [],
    connectionTable: { bits: null, builtIn: false },
    units: {},
    firewall: { filters: [] },
    rivals: null,
    changeable: {},
    agent: null,
    clock: null,
    ...change,
  };
}

export function runningAgent(change: Partial<AgentFacts> = {}): AgentFacts {
  return {
    state: agentState(),
    silence: null,
    current: 'bb',
    releases: ['bb'],
    nodes: { '22': 'bb' },
    vrrpParts: { aa: 'a0', bb: 'b0' },
    leftovers: [],
    command: true,
    exchangeKey: 'k0',
    ...change,
  };
}

/** As the host is once all that is wanted has been done. */
export function satisfied(wanted: Wanted): HostFacts {
  const { placed } = wanted;
  const route = placed.returnRoute;
  const unit = { active: true, enabled: true, stale: false };
  const files = managedFiles(wanted, wanted.sysctls, { networkd: false, networkManager: false }, digest);
  return freshFacts({
    modules: Object.fromEntries(wanted.modules.map(({ name }) => [name, 'loaded'])),
    sysctls: wanted.sysctls,
    originals: wanted.sysctls,
    files: Object.fromEntries(files.map(({ path, content }) => [path, { content, managed: digest(content) }])),
    placed,
    network: {
      addresses: placed.vips,
      rules: route
        ? [
            ...route.direct.map((to) => ({ priority: 19_541, from: route.rip, to, table: 'main' })),
            { priority: 19_542, from: route.rip, to: null, table: '19542' },
          ]
        : [],
      returnVias: route ? [route.via] : [],
      ways: Object.fromEntries(wanted.onLink.map((one) => [one, { device: 'eth1', via: null }])),
      up: [...(placed.tunnel ? ['tunl0'] : []), ...(placed.tunnel6 ? ['ip6tnl0'] : [])],
    },
    tunnels: { guePorts: placed.guePorts, gre: placed.gre && { ...placed.gre, isUp: true } },
    units: {
      'lvs-realserver.service': unit,
      'lvs-agent.service': unit,
      'lvs-vrrp.service': { ...unit, enabled: false },
    },
    agent: wanted.director ? runningAgent() : null,
  });
}
