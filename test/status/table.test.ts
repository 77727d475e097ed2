import { describe, expect, it } from 'vitest';
import type { AgentState, InstanceState, ServiceState } from '../../src/status/state.ts';
import { alarmsOf, type DirectorView, ipvsText, vrrpRows } from '../../src/status/table.ts';
import { agentState, instanceState } from '../facts/agent-state.ts';

const destination = {
  name: 'web1',
  address: '10.77.1.21',
  port: 80,
  forward: 'dr',
  weight: 1,
  active: 0,
  inactive: 10,
  persistent: 0,
  connections: 10,
  inPackets: 0,
  outPackets: 0,
  inBytes: 0,
  outBytes: 0,
} as const;
const service: ServiceState = {
  name: 'http',
  protocol: 'tcp',
  address: '10.77.1.100',
  port: 80,
  mark: null,
  scheduler: 'wrr',
  flags: [],
  persistenceMs: 0,
  destinations: [destination, { ...destination, address: '10.77.1.22', weight: 2, inactive: 20 }],
};
const view = (director: string, state: 'MASTER' | 'BACKUP' | null) => ({
  director,
  state: state && agentState({ director, vrrp: { ...agentState().vrrp, instances: [instanceState({ state })] } }),
  silence: state ? null : `${director} (10.0.0.1:22): cannot be reached`,
});

describe('tables', () => {
  it('are what ipvsadm 1.31 prints', () => {
    // As ipvsadm -Ln printed it, without the blanks at the ends of lines.
    expect(ipvsText([service])).toBe(`Prot LocalAddress:Port Scheduler Flags
  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn
TCP  10.77.1.100:80 wrr
  -> 10.77.1.21:80                Route   1      0          10
  -> 10.77.1.22:80                Route   2      0          20`);
  });

  it.each<[Partial<ServiceState>, string]>([
    [{ protocol: 'fwm', mark: 6, scheduler: 'rr', persistenceMs: 300_000 }, 'FWM  6 rr persistent 300'],
    [{ protocol: 'udp', address: '2001:db8::1', port: 53, flags: ['ops'] }, 'UDP  [2001:db8::1]:53 wrr ops'],
    [{ scheduler: 'sh', flags: ['sh-fallback', 'sh-port'] }, 'TCP  10.77.1.100:80 sh (sh-fallback,sh-port)'],
  ])('name a service as ipvsadm does: %j', (change, line) => {
    expect(ipvsText([{ ...service, destinations: [], ...change }]).split('\n')[2]).toBe(line);
  });

  it('say on which interface and at which MAC a MASTER holds its addresses, where that is a virtual one', () => {
    const virtualMac = { interface: 'vrrp.51', mac: '00:00:5e:00:01:33' };
    const rows = (state: 'MASTER' | 'BACKUP') => {
      const instances = [instanceState({ state, vips: ['10.77.1.100', '10.77.1.101'], virtualMac })];
      return vrrpRows([{ director: 'lb1', state: agentState({ vrrp: { ...agentState().vrrp, instances } }), silence: null }]); // biome-ignore format: short
    };
    expect(rows('MASTER')[1]?.[6]).toBe('10.77.1.100 10.77.1.101 (vrrp.51, 00:00:5e:00:01:33)');
    expect(rows('BACKUP')[1]?.[6]).toBe('');
  });

  it('say why it is in FAULT, not what it would wait for otherwise', () => {
    const fault = { state: 'FAULT', cause: '10.77.1.100 on eth1 is in use', waitingFor: 'interface eth1' } as const;
    const state = agentState({ vrrp: { ...agentState().vrrp, instances: [instanceState(fault)] } });
    expect(vrrpRows([{ director: 'lb1', state, silence: null }])[1]?.at(-1)).toBe('10.77.1.100 on eth1 is in use');
  });

  it('say what has lowered a priority', () => {
    const tracker = { kind: 'script', name: 'nginx', weight: -20, state: 'down', isDown: true, error: 'x' } as const;
    const trackers = [
      tracker,
      { ...tracker, kind: 'file', name: '/run/hold', weight: -60 } as const,
      { ...tracker, name: 'turned', weight: 5, state: 'up' } as const,
      { ...tracker, name: 'well', state: 'up', isDown: false } as const,
      { ...tracker, name: 'fault', weight: 0 } as const,
    ];
    const state = agentState({
      vrrp: { ...agentState().vrrp, instances: [instanceState({ priority: 30, trackers })] },
    });
    expect(vrrpRows([{ director: 'lb1', state, silence: null }])[1]?.at(-1)).toBe(
      'nobody else advertises; script nginx is down (weight −20); file /run/hold exists (weight −60); script turned is up (weight +5)',
    );
  });

  it('show every instance on every director, VIPs only where they are held, and the unknown as such', () => {
    const rows = vrrpRows([view('lb1', 'MASTER'), view('lb2', 'BACKUP'), view('lb3', null)]).slice(1);
    expect(rows.map(([, , director, state, , , vips]) => [director, state, vips])).toEqual([
      ['lb1', 'MASTER', '10.77.1.100'],
      ['lb2', 'BACKUP', ''],
      ['lb3', 'unknown', ''],
    ]);
  });
});

describe('a hand-over', () => {
  const at = (director: string, instance: Partial<InstanceState>, relays?: AgentState['relays']) => ({
    director,
    state: agentState({
      director,
      vrrp: { ...agentState().vrrp, instances: [instanceState(instance)] },
      ...(relays === undefined ? {} : { relays }),
    }),
    silence: null,
  });
  const relay = { instance: 'public', director: 'lb1', to: '10.77.1.11', since: 1, connections: 12 };
  const handing = at('lb1', { handingOver: { since: 1, deadline: 2, cause: 'x' } });
  const roles = (...views: DirectorView[]): string[] => vrrpRows(views).slice(1).map((row) => row[3] ?? ''); // biome-ignore format: short

  it('is shown while it lasts, and how many connections are still relayed', () => {
    expect(roles(handing, view('lb2', 'BACKUP'))).toEqual(['MASTER (handing over)', 'BACKUP']);
    const lame = at('lb1', { state: 'BACKUP', lameDuckUntil: 5 });
    expect(roles(lame, at('lb2', {}, [relay]))).toEqual(['BACKUP (lame duck, 12 connections)', 'MASTER']);
    expect(roles(lame, at('lb2', {}, [{ ...relay, connections: 1 }]))[0]).toBe('BACKUP (lame duck, 1 connection)');
    expect(roles(lame, at('lb2', {}, [{ ...relay, instance: 'other' }]))[0]).toBe('BACKUP (lame duck)');
  });

  it('is no split brain, though both serve for a moment; two that stay are one', () => {
    expect(alarmsOf([handing, view('lb2', 'MASTER')])).toEqual([]);
    expect(alarmsOf([handing, view('lb2', 'BACKUP')])).toEqual([]);
    expect(alarmsOf([view('lb1', 'MASTER'), view('lb2', 'MASTER')])).toHaveLength(1);
  });
});

describe('a director that still runs keepalived', () => {
  const foreign = { program: 'keepalived' as const, addresses: ['10.77.1.12'] };
  const unmanaged = { director: 'lb2', state: null, silence: null, foreign };
  const hearing = (agoMs: number, priority = 100) => {
    const at = Date.now();
    const lastAdvert = { source: '10.77.1.12', priority, at: at - agoMs };
    const instances = [instanceState({ state: 'BACKUP', lastAdvert, advertIntervalMs: 1_000 })];
    return { director: 'lb1', silence: null, state: agentState({ at, vrrp: { ...agentState().vrrp, instances } }) };
  };

  it('is MASTER as long as an agent hears it, and then nothing is wrong', () => {
    const views = [hearing(900), unmanaged];
    expect(vrrpRows(views)[2]).toEqual([
      'public',
      '51',
      'lb2',
      'MASTER',
      '100',
      '',
      '10.77.1.100',
      'keepalived (not managed yet)',
    ]);
    expect(alarmsOf(views)).toEqual([]);
  });

  it('is not missed as an agent', () => {
    const { state, ...lb1 } = hearing(900);
    const alarms = ['lb2 was not heard from for 522 s', 'lb3 was not heard from for 9 s'];
    expect(alarmsOf([{ ...lb1, state: { ...state, alarms } }, unmanaged])).toEqual([
      'lb1: lb3 was not heard from for 9 s',
    ]);
  });

  it.each([
    ['for long', hearing(6_000)],
    ['but for its farewell', hearing(900, 0)],
  ])('is no MASTER when nothing was heard of it %s', (_title, view) => {
    expect(vrrpRows([view, unmanaged])[2]?.[3]).toBe('not heard');
    expect(alarmsOf([view, unmanaged])).toEqual(['public has no MASTER among the directors that answer']);
  });
});

describe('alarms', () => {
  it('are none while one director is MASTER', () => {
    expect(alarmsOf([view('lb1', 'MASTER'), view('lb2', 'BACKUP')])).toEqual([]);
  });

  it('tell of two MASTERs, of none, and of a director that is not there, once by name', () => {
    expect(alarmsOf([view('lb1', 'MASTER'), view('lb2', 'MASTER')])[0]).toContain('public has 2 MASTERs: lb1 and lb2');
    expect(alarmsOf([view('lb1', 'BACKUP'), view('lb2', null)])).toEqual([
      'lb2 (10.0.0.1:22): cannot be reached',
      'public has no MASTER among the directors that answer',
    ]);
  });

  it('tell what an agent complains of, a sentence once', () => {
    const state = agentState({
      alarms: ['x'],
      config: { hash: 'f', generation: 1, error: 'x' },
      ipvs: { ...agentState().ipvs, leaving: ['web1'] },
    });
    expect(alarmsOf([{ director: 'lb1', state, silence: null }])).toEqual(['lb1: x', 'lb1: still draining: web1']);
  });

  it('tell who is held on whose behalf and what ends it, but not what an agent says itself', () => {
    const hold = { instance: 'public', owner: 'lvsctl apply', reason: 'VRID 51 → 61', since: 1, until: null };
    const holds = [
      { ...hold, whileServed: ['10.77.1.100'] },
      { ...hold, instance: null, owner: 'ann', reason: null, until: 1_795_000_000_000 },
      { ...hold, owner: 'lvs-agent' },
    ];
    expect(alarmsOf([{ director: 'lb2', state: agentState({ holds }), silence: null }])).toEqual([
      'lb2: public is held as BACKUP by lvsctl apply (VRID 51 → 61), as long as another director is MASTER; unless an apply is running, apply again',
      'lb2: every instance is held as BACKUP by ann until 2026-11-18 11:06:40 UTC; `lvs-agent ctl release` there ends it',
    ]);
  });
});
