import { describe, expect, it } from 'vitest';
import { wantedHosts } from '../../src/desired/hosts.ts';
import type { HostFacts } from '../../src/facts/host.ts';
import { unpreparedFor } from '../../src/operations/unprepared.ts';
import type { AgentState, ServiceState } from '../../src/status/state.ts';
import { topology } from '../desired/topology.ts';
import { agentState, instanceState } from '../facts/agent-state.ts';
import { freshFacts, runningAgent } from './facts.ts';

const web2 = (cluster: string) => wantedHosts(topology(cluster)).find(({ host }) => host === 'web2')!;
const director = (change: Partial<AgentState>): HostFacts =>
  freshFacts({ agent: runningAgent({ state: agentState(change) }) });

function service(change: Partial<ServiceState>, ...forward: ('dr' | 'tun')[]): AgentState['ipvs'] {
  const counts = { weight: 0, active: 0, inactive: 0, persistent: 0, connections: 0, inPackets: 0, outPackets: 0 };
  const one: ServiceState = {
    ...{ name: 'http', protocol: 'tcp', address: '10.77.1.100', port: 80, mark: null, scheduler: 'wrr', flags: [] },
    persistenceMs: 0,
    destinations: forward.map((by) => ({
      ...{ name: 'web2', address: '10.77.1.22', port: 80, forward: by, inBytes: 0, outBytes: 0 },
      ...counts,
    })),
    ...change,
  };
  return { inSync: true, error: null, leaving: [], services: [one] };
}

const known = director({ ipvs: service({}, 'dr') });
const failing = {
  service: 'http',
  realserver: 'web2',
  check: 'x',
  verdict: 'down',
  since: 0,
  lastError: null,
  latencyMs: null,
} as const;

describe('a realserver that cannot be read', () => {
  it.each<[string, HostFacts]>([
    ['directors that send it what they sent it before', known],
    [
      'a director that took it out of the table while its check fails',
      director({ ipvs: service({}), checks: [failing] }),
    ],
  ])('may be left alone by %s', (_what, facts) => {
    expect(unpreparedFor(web2('dr'), [known, facts])).toEqual([]);
  });

  it.each<[string, HostFacts]>([
    ['on which no agent runs', freshFacts()],
    ['that has another VIP', director({ ipvs: service({ address: '10.77.1.99' }, 'dr') })],
    ['that forwards by another method', director({ ipvs: service({}, 'tun') })],
    ['that does not know it', director({ ipvs: service({}) })],
    ['that knows it for another service', director({ ipvs: service({ name: 'other' }, 'dr') })],
  ])('would get something new of a director %s', (_what, facts) => {
    expect(unpreparedFor(web2('dr'), [known, facts])).toEqual(['http']);
  });

  it('by a mark: the VIP is that of an instance', () => {
    const ipvs = service({ name: 'web', address: '', port: 0, mark: 1 }, 'dr');
    const vrrp = { ...agentState().vrrp, instances: [instanceState({ vips: ['10.77.1.105'] })] };
    expect(unpreparedFor(web2('fwmark'), [director({ ipvs, vrrp })])).toEqual([]);
    expect(unpreparedFor(web2('fwmark'), [director({ ipvs })])).toEqual(['web']);
  });

  it('needs nothing with weight 0, and in NAT without a return route of ours', () => {
    const config = topology('dr');
    const off = config.services.map((one) => ({
      ...one,
      realservers: one.realservers.map((two) => ({ ...two, weight: 0 })),
    }));
    expect(wantedHosts({ ...config, services: off }).flatMap(({ serves }) => serves)).toEqual([]);
    expect(web2('nat').serves).toHaveLength(1);
    const nat = topology('nat');
    const routed = nat.realservers.map((one) => ({ ...one, gateway: null }));
    expect(wantedHosts({ ...nat, realservers: routed }).flatMap(({ serves }) => serves)).toEqual([]);
  });
});
