import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { expositionText } from '../../src/status/exposition.ts';
import { metricsText } from '../../src/status/metrics.ts';
import type { AgentState, CheckState, DestinationState } from '../../src/status/state.ts';
import { agentState, instanceState } from '../facts/agent-state.ts';
import { parseExposition } from './exposition.ts';

const check = (realserver: string, verdict: CheckState['verdict'], more: Partial<CheckState> = {}): CheckState => ({
  service: 'http',
  realserver,
  check: `tcp ${realserver}:80`,
  verdict,
  since: 1,
  lastError: null,
  latencyMs: 12.5,
  ...more,
});
const destination = (name: string | null, address: string): DestinationState => ({
  name,
  address,
  port: 80,
  forward: 'dr',
  weight: 2,
  active: 3,
  inactive: 4,
  persistent: 0,
  connections: 50,
  inPackets: 600,
  outPackets: 0,
  inBytes: 70_000,
  outBytes: 0,
});
const service = (more: Partial<AgentState['ipvs']['services'][number]>): AgentState['ipvs']['services'][number] => ({
  name: 'http',
  protocol: 'tcp',
  address: '10.77.1.100',
  port: 80,
  mark: null,
  scheduler: 'wlc',
  flags: [],
  persistenceMs: 0,
  destinations: [destination('web1', '10.77.1.21'), destination(null, '2001:db8::9')],
  ...more,
});
const whole = agentState({
  vrrp: {
    alive: true,
    latenessMs: { last: 0.25, worst: 8013 },
    instances: [
      instanceState({
        state: 'BACKUP',
        priority: 90,
        transitions: 7,
        advertsReceived: 12,
        dropped: { ttl: 2, checksum: 1 },
        hmac: { mode: 'enforce', keyId: 9, signsWith: 7, agreed: false, settled: false, formerAt: null },
        owners: [{ address: '10.77.1.100', interface: 'eth1', mac: null }],
        trackers: [{ kind: 'script', name: 'nginx', weight: -20, state: 'down', isDown: true, error: 'ended with 1' }],
      }),
      instanceState({ name: 'inside', vrid: 52 }),
    ],
  },
  ipvs: {
    inSync: true,
    error: null,
    leaving: [],
    services: [service({}), service({ name: 'web', protocol: 'fwm', address: '', port: 0, mark: 7 })],
  },
  checks: [
    check('web1', 'up'),
    check('web1', 'up', { check: 'http web1:80 /', latencyMs: null }),
    check('web2', 'up'),
    check('web2', 'down', { check: 'http web2:80 /' }),
    check('web3', 'unknown'),
  ],
  overrides: [{ realserver: 'web2', service: null, weight: 0, owner: 'ann', reason: null, since: 1, until: null }],
  alarms: ['something'],
});

describe('metrics', () => {
  const families = parseExposition(metricsText(whole));
  const value = (name: string, labels: Record<string, string> = {}): number | undefined =>
    [...(families.get(name)?.series.values() ?? [])].find((one) =>
      Object.entries(labels).every(([label, text]) => one.labels[label] === text),
    )?.value;

  it.each<[string, Record<string, string>, number]>([
    ['lvs_agent_info', { cluster: 'shop', director: 'lb1', version: '0.1.0' }, 1],
    ['lvs_alarms', {}, 1],
    ['lvs_config_refused', {}, 0],
    ['lvs_vrrp_process_up', {}, 1],
    ['lvs_vrrp_lateness_last_seconds', {}, 0.00025],
    ['lvs_vrrp_lateness_worst_seconds', {}, 8.013],
    ['lvs_vrrp_state', { instance: 'public', state: 'BACKUP' }, 1],
    ['lvs_vrrp_state', { instance: 'public', state: 'MASTER' }, 0],
    ['lvs_vrrp_state', { instance: 'inside', state: 'MASTER' }, 1],
    ['lvs_vrrp_priority', { instance: 'public' }, 90],
    ['lvs_vrrp_base_priority', { instance: 'public' }, 110],
    ['lvs_vrrp_transitions_total', { instance: 'public' }, 7],
    ['lvs_vrrp_foreign_owners', { instance: 'public' }, 1],
    ['lvs_vrrp_foreign_owners', { instance: 'inside' }, 0],
    ['lvs_vrrp_strangers', { instance: 'public' }, 0],
    ['lvs_vrrp_adverts_sent_total', { instance: 'public' }, 5],
    ['lvs_vrrp_adverts_received_total', { instance: 'public' }, 12],
    ['lvs_vrrp_packets_dropped_total', { instance: 'public', reason: 'ttl' }, 2],
    ['lvs_vrrp_hmac_key', { instance: 'public', mode: 'enforce' }, 7],
    ['lvs_vrrp_hmac_agreed', { instance: 'public' }, 0],
    ['lvs_vrrp_tracker_down', { instance: 'public', kind: 'script', tracker: 'nginx' }, 1],
    ['lvs_realserver_verdict', { service: 'http', realserver: 'web1', verdict: 'up' }, 1],
    ['lvs_realserver_verdict', { realserver: 'web2', verdict: 'down' }, 1],
    ['lvs_realserver_verdict', { realserver: 'web2', verdict: 'up' }, 0],
    ['lvs_realserver_verdict', { realserver: 'web3', verdict: 'unknown' }, 1],
    ['lvs_check_latency_seconds', { realserver: 'web1', check: 'tcp web1:80' }, 0.0125],
    ['lvs_override_weight', { realserver: 'web2', service: '' }, 0],
    ['lvs_ipvs_in_sync', {}, 1],
    ['lvs_ipvs_weight', { service: 'http', listener: '10.77.1.100:80', destination: '10.77.1.21:80' }, 2],
    ['lvs_ipvs_connections_total', { service: 'web', protocol: 'fwm', listener: '7', realserver: 'web1' }, 50],
    ['lvs_ipvs_in_bytes_total', { service: 'http', realserver: '', destination: '[2001:db8::9]:80' }, 70_000],
  ])('%s %o is %d', (name, labels, expected) => {
    expect(value(name, labels)).toBe(expected);
  });

  it('have one series a state, of which one holds', () => {
    const states = [...(families.get('lvs_vrrp_state')?.series.values() ?? [])];
    expect(states).toHaveLength(8);
    expect(states.reduce((sum, one) => sum + one.value, 0)).toBe(2);
  });

  it('of an agent that has nothing yet are in order, too', () => {
    const empty = agentState({
      cluster: '',
      vrrp: { alive: false, latenessMs: { last: 0, worst: 0 }, instances: [] },
    });
    expect([...parseExposition(metricsText(empty)).keys()]).toContain('lvs_vrrp_process_up');
  });

  it('are in order whatever the names are', () => {
    const text = fc.string({ unit: 'grapheme' });
    fc.assert(
      fc.property(text, text, text, (name, realserver, reason) => {
        const odd = agentState({
          cluster: name,
          vrrp: { ...whole.vrrp, instances: [instanceState({ name, dropped: { [reason]: 1 } })] },
          checks: [check(realserver, 'up', { check: name }), check(realserver, 'up', { check: name })],
        });
        const parsed = parseExposition(metricsText(odd));
        expect([...(parsed.get('lvs_agent_info')?.series.values() ?? [])][0]?.labels['cluster']).toBe(name);
      }),
    );
  });
});

describe('the text format', () => {
  const of = (value: number): string =>
    expositionText([{ name: 'a', type: 'gauge', help: 'back\\slash\nand line', samples: [{ labels: {}, value }] }]);

  it('writes numbers, and escapes', () => {
    expect(of(1.5e-7)).toBe('# HELP a back\\\\slash\\nand line\n# TYPE a gauge\na 1.5e-7\n');
    expect([of(Number.POSITIVE_INFINITY), of(Number.NEGATIVE_INFINITY), of(Number.NaN)].map((text) => text.split('\n').at(-2))).toEqual(['a +Inf', 'a -Inf', 'a NaN']); // biome-ignore format: short
    expect(expositionText([{ name: 'a', type: 'gauge', help: 'x', samples: [] }])).toBe('');
  });

  it.each([
    'a 1\n',
    '# HELP a x\n# TYPE a gauge\na 1',
    '# HELP a x\n# TYPE a gauge\na one\n',
    '# HELP a x\n# TYPE a gauge\na{b="c"} 1\na{b="c"} 2\n',
    '# HELP a x\n# TYPE a gauge\na{b="c",b="d"} 1\n',
    '# HELP a x\n# TYPE a gauge\na{b="c\\x"} 1\n',
    '# HELP a x\n# TYPE a gauge\na{1b="c"} 1\n',
    '# HELP a x\n# TYPE a counter\na 1\n',
    '# HELP a x\n# TYPE a gauge\n# HELP b x\n# TYPE b gauge\na 1\nb 1\n',
    '# HELP a x\n# TYPE a gauge\na 1\n# HELP a x\n# TYPE a gauge\na 2\n',
  ])('is held to: %j is refused', (text) => {
    expect(() => parseExposition(text)).toThrow();
  });
});
