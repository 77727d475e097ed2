import { describe, expect, it } from 'vitest';
import { loadTopology } from '../../../src/config/load.ts';
import { keepalivedText, topologyText } from './cluster.ts';
import { MODES, PRIORITIES } from './plan.ts';

describe('the cluster under test', () => {
  it.each(MODES)(
    'as a topology can be acted upon whole in mode %s, with the priorities and timers that are measured',
    (mode) => {
      const loaded = loadTopology(topologyText({ mode, advertMs: 100 }), 'bench.yaml');
      expect(loaded).toMatchObject({ warnings: [], unsupported: [] });
      const instances = 'config' in loaded ? loaded.config.instances : [];
      expect(instances).toHaveLength(mode === 'nat' ? 2 : 1);
      for (const { advertIntervalMs, preempt, speakers } of instances) {
        expect({ advertIntervalMs, preempt }).toEqual({ advertIntervalMs: 100, preempt: false });
        expect(Object.fromEntries(speakers.map(({ director, priority }) => [director, priority]))).toEqual(PRIORITIES);
      }
    },
  );

  it('gives keepalived the same priorities and timers, and nobody preempts', () => {
    const text = keepalivedText({ mode: 'dr', advertMs: 100 }, 'lb2');
    expect(text).toMatch(/priority 100\n\s+advert_int 0\.1\n\s+nopreempt\n/);
    expect(text).toContain('unicast_src_ip 10.77.1.12\n  unicast_peer { 10.77.1.11 }');
    expect(text.match(/vrrp_instance/g)).toHaveLength(1);
  });

  it('in NAT has the gateway in the same group, and the realservers and the sync behind', () => {
    const text = keepalivedText({ mode: 'nat', advertMs: 1000 }, 'lb1');
    expect(text).toContain('virtual_ipaddress { 10.77.2.1/32 dev eth2 }');
    expect(text).toContain('vrrp_sync_group both { group { outside inside } }');
    expect(text).toContain('lvs_sync_daemon eth2 ');
    expect(text).toContain('real_server 10.77.2.21 80 {');
  });

  it('hands over by a priority that preempts', () => {
    expect(keepalivedText({ mode: 'dr', advertMs: 100 }, 'lb2', { priority: 150, preempts: true })).not.toContain(
      'nopreempt',
    );
  });
});
