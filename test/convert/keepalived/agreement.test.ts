/** Whether a keepalived and a topology are a pair: what an import gives is, and each thing that differs is named. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Config } from '../../../src/config/config.ts';
import { agreementOf } from '../../../src/convert/keepalived/agreement.ts';
import { importKeepalived } from '../../../src/convert/keepalived/import.ts';

const text = (name: string): string => readFileSync(resolve(import.meta.dirname, 'cases/pair', `${name}.conf`), 'utf8');
const include = () => 'there is no such file';

/** As lvsctl has it once the password is fetched. */
function configOf(): Config {
  const files = ['lb1', 'lb2'].map((name) => ({ director: name, file: { name, text: text(name) } }));
  const { topology } = importKeepalived({
    ...{ files, include, addresses: [], names: new Map(), cluster: 'shop', secrets: 'text' },
  });
  return topology!.config;
}

const compare = (director: string, change: (text: string) => string = (same) => same, config = configOf()) =>
  agreementOf(config, director, { name: 'keepalived.conf', text: change(text(director)) }, include);

describe('a topology made of two files', () => {
  it.each(['lb1', 'lb2'])('agrees with that of %s', (director) => {
    expect(compare(director)).toEqual({ differences: [], remarks: [] });
  });

  it.each<[string, RegExp | string, string, string]>([
    [
      'VRID',
      'virtual_router_id 51',
      'virtual_router_id 52',
      'keepalived runs VRID 52 (shop), and the topology has no such instance',
    ],
    ['version', 'state ', 'version 3\nstate ', 'shop: version 3 → 2'],
    ['interval', 'advert_int 1', 'advert_int 2', 'shop: interval 2000 ms → 1000 ms'],
    ['password', 's3cret', 'other', 'shop: authentication'],
    ['source', 'unicast_src_ip 10.77.1.11', 'unicast_src_ip 10.77.1.13', 'shop: source of lb1 10.77.1.13 → 10.77.1.11'],
    ['peer', '10.77.1.12\n', '10.77.1.14\n', 'shop: lb2 joins'],
    ['interface', 'interface eth1', 'interface eth0', 'shop: interface eth0 → eth1'],
    ['addresses', '10.77.1.100/32 dev eth1', '10.77.1.101', 'shop: VIPs 10.77.1.101 → 10.77.1.100'],
    ['mode', 'lb_kind DR', 'lb_kind NAT', '10.77.1.100:80: mode nat → dr'],
    [
      'service',
      '10.77.1.100 80',
      '10.77.1.100 81',
      'keepalived balances 10.77.1.100:81, and the topology has no such service',
    ],
    [
      'mark',
      'virtual_server 10.77.1.100 80',
      'virtual_server fwmark 6',
      'keepalived balances mark 6, and the topology has no such service',
    ],
    [
      'readable text',
      'priority 110',
      'priority ${PRIO}',
      'keepalived.conf:12: priority ${PRIO}: a parameter ($NAME) is not read; write out what it stands for',
    ],
  ])('does not with another %s', (_what, from, to, difference) => {
    expect(compare('lb1', (same) => same.replace(from, to)).differences).toContain(difference);
  });

  it.each<[string, RegExp | string, string, string]>([
    ['priority', 'priority 110', 'priority 120', 'shop: priority 120 → 110'],
    ['pre-emption', 'state MASTER', 'nopreempt', 'shop: preempt false → true'],
    [
      'realservers',
      'real_server 10.77.1.21',
      'real_server 10.77.1.23',
      '10.77.1.100:80: realservers 10.77.1.22, 10.77.1.23 → 10.77.1.21, 10.77.1.22',
    ],
    [
      'sync',
      'id 51',
      'id 7',
      'connection sync: eth1, id 7, 224.0.0.81:8848 → eth1, id 51, 224.0.0.81:8848; whoever takes over knows none of the connections, and they are cut',
    ],
    [
      'sync daemon',
      /lvs_sync_daemon.*/,
      '',
      'keepalived syncs no connections (there is no lvs_sync_daemon): whoever takes over knows none of the connections, and they are cut',
    ],
    [
      'statement',
      'delay_loop 2',
      'delay_loop 2\nha_suspend',
      '1 statements of keepalived.conf are not carried; lvsctl import names them',
    ],
  ])('lives with another %s, and says so', (_what, from, to, remark) => {
    expect(compare('lb1', (same) => same.replace(from, to))).toEqual({ differences: [], remarks: [remark] });
  });

  it.each([
    ['enforce', 1],
    ['permissive', 1],
    ['receive', 0],
  ] as const)('is none where only it signs: mode %s', (mode, count) => {
    const config = configOf();
    const hmac = { key: { source: 'literal', value: `hex:${'00'.repeat(32)}` }, mode } as const;
    const signing = { ...config, instances: config.instances.map((one) => ({ ...one, hmac })) };
    const { differences } = compare('lb1', undefined, signing);
    expect(differences).toHaveLength(count);
    if (count > 0) expect(differences[0]).toMatch(/^shop: hmac with mode: \w+ is not for keepalived; /);
  });

  it('is none where keepalived signs', () => {
    const signing = (text: string) =>
      text.replace('advert_int 1', `advert_int 1\nauth_hmac {\nkey 1 hex:${'5e'.repeat(32)}\nmode enforce\n}`);
    const { differences } = compare('lb1', signing);
    expect(differences).toEqual(['shop: keepalived signs (auth_hmac); take it out on all directors first']);
  });

  it('misses what only it has', () => {
    const config = configOf();
    const [instance] = config.instances;
    const more = { ...config, instances: [...config.instances, { ...instance!, name: 'more', vrid: 99 }] };
    expect(compare('lb1', undefined, more).differences).toEqual(['keepalived does not run VRID 99 (more)']);
  });
});
