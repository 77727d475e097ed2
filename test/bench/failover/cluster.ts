/**
 * The cluster under test, once as a topology of lvsctl and once as the keepalived.conf that means the same: two directors,
 * two realservers, one service; in NAT a second instance for the realservers' gateway, in one group with the first. Timers,
 * priorities, checks, announcements and connection sync are equal; nobody is pre-empted.
 */
import { addressOf, interfaceOf } from '../../../vm-lab/layout.ts';
import { type Director, masterDownMs, PRIORITIES, type Setting } from './plan.ts';

export const VIP = '10.77.1.100';
export const URL_OF_SERVICE = `http://${VIP}/`;
/** No service has this port: the director that holds the VIP refuses it. */
export const URL_OF_NOBODY = `http://${VIP}:81/`;
/** The realservers' gateway in NAT. */
const INSIDE = '10.77.2.1';

export const REALSERVERS = ['web1', 'web2'] as const;
const DIRECTORS = ['lb1', 'lb2'] as const;

const CHECK = { intervalSeconds: 2, timeoutSeconds: 1, retries: 2, retryDelaySeconds: 1 };
const GARP = { count: 5, againAfterSeconds: 5, refreshSeconds: 60 };
const SYNC = { id: 51, maxlen: 64 };

/** Where the realservers are reached; in NAT behind the directors, whose connection sync runs there too. */
function inside({ mode }: Setting): 'front' | 'back' {
  return mode === 'nat' ? 'back' : 'front';
}

export function topologyText(setting: Setting): string {
  const { mode, advertMs } = setting;
  const net = inside(setting);
  const dips = [...new Set(['front', net] as const)];
  const dip = (director: Director) => dips.map((one) => `${interfaceOf(one)}: ${addressOf(director, one)}`).join(', ');
  const gateway = mode === 'nat' ? `, gateway: ${INSIDE}` : '';
  const advert = `advert_interval: ${advertMs}ms`;
  return [
    'cluster: bench',
    'directors:',
    ...DIRECTORS.map((director) => `  ${director}: { dip: { ${dip(director)} } }`),
    'realservers:',
    ...REALSERVERS.map((name) => `  ${name}: { rip: ${addressOf(name, net)}${gateway} }`),
    'vrrp:',
    `  outside: { vrid: 51, vips: [${VIP}], prefer: [lb1, lb2], ${advert} }`,
    ...(mode === 'nat'
      ? [
          `  inside: { vrid: 52, interface: eth2, vips: [${INSIDE}], prefer: [lb1, lb2], ${advert} }`,
          'sync_groups: { both: [outside, inside] }',
        ]
      : []),
    `sync: { id: ${SYNC.id}, maxlen: ${SYNC.maxlen} }`,
    `check_defaults: { interval: ${CHECK.intervalSeconds}s, timeout: ${CHECK.timeoutSeconds}s, retries: ${CHECK.retries}, retry_delay: ${CHECK.retryDelaySeconds}s }`,
    'services:',
    `  web: { listen: '${VIP}:80', mode: ${mode}, scheduler: rr, checks: [{ http: /index.html, status: 200 }] }`,
    '',
  ].join('\n');
}

export interface KeepalivedWish {
  /** @default that of `prefer` */
  readonly priority?: number;
  /** Takes over from a lower priority. @default false */
  readonly preempts?: boolean;
}

/** Without an instance the sync daemon's both roles run on both directors, as with lvs-agent. */
export function keepalivedText(setting: Setting, director: Director, wish: KeepalivedWish = {}): string {
  const { mode } = setting;
  const net = inside(setting);
  const kind = { dr: 'DR', nat: 'NAT', tun: 'TUN' }[mode];
  const instances = [
    keepalivedInstance({ ...wish, name: 'outside', vrid: 51, network: 'front', vip: VIP, setting, director }),
    ...(mode === 'nat'
      ? [
          keepalivedInstance({ ...wish, name: 'inside', vrid: 52, network: 'back', vip: INSIDE, setting, director }),
          'vrrp_sync_group both { group { outside inside } }',
        ]
      : []),
  ];
  return `global_defs {
  router_id ${director}
  vrrp_version 3
  lvs_sync_daemon ${interfaceOf(net)} id ${SYNC.id} maxlen ${SYNC.maxlen}
}
${instances.map((text) => text.trimEnd()).join('\n')}
virtual_server ${VIP} 80 {
  delay_loop ${CHECK.intervalSeconds}
  lb_algo rr
  lb_kind ${kind}
  protocol TCP
${REALSERVERS.map((name) => realServer(addressOf(name, net))).join('')}}
`;
}

interface InstanceWish extends KeepalivedWish {
  readonly name: string;
  readonly vrid: number;
  readonly network: 'front' | 'back';
  readonly vip: string;
  readonly setting: Setting;
  readonly director: Director;
}

function keepalivedInstance(wish: InstanceWish): string {
  const { name, vrid, network, vip, setting, director, preempts = false } = wish;
  const peer = DIRECTORS.find((one) => one !== director) ?? director;
  return `vrrp_instance ${name} {
  state BACKUP
  interface ${interfaceOf(network)}
  virtual_router_id ${vrid}
  priority ${wish.priority ?? PRIORITIES[director]}
  advert_int ${setting.advertMs / 1000}
  ${preempts ? '# preempts' : 'nopreempt'}
  garp_master_repeat ${GARP.count}
  garp_master_delay ${GARP.againAfterSeconds}
  garp_master_refresh ${GARP.refreshSeconds}
  unicast_src_ip ${addressOf(director, network)}
  unicast_peer { ${addressOf(peer, network)} }
  virtual_ipaddress { ${vip}/32 dev ${interfaceOf(network)} }
}
`;
}

function realServer(rip: string): string {
  return `  real_server ${rip} 80 {
    weight 1
    inhibit_on_failure
    HTTP_GET {
      url {
        path /index.html
        status_code 200
      }
      connect_timeout ${CHECK.timeoutSeconds}
      retry ${CHECK.retries}
      delay_before_retry ${CHECK.retryDelaySeconds}
    }
  }
`;
}

/** How long a MASTER is away that stands still or is cut off: the other has surely taken over, and served for a while. */
export function awayMs({ advertMs }: Setting): number {
  return masterDownMs(advertMs) + 2000;
}
