import { describe, expect, it } from 'vitest';
import { managedFiles } from '../../src/desired/files.ts';
import { wantedHosts } from '../../src/desired/hosts.ts';
import { connectionTableIn } from '../../src/facts/connection-table.ts';
import { connectionTableWarnings } from '../../src/operations/connection-table.ts';
import { topology } from '../desired/topology.ts';
import { freshFacts } from './facts.ts';

function lb1(connectionTableBits: number | null, name = 'dr') {
  const config = topology(name);
  return wantedHosts({ ...config, ipvs: { ...config.ipvs, connectionTableBits } }).find(({ host }) => host === 'lb1')!;
}

function options(wanted: ReturnType<typeof lb1>): string | undefined {
  const files = managedFiles(wanted, {}, { networkd: false, networkManager: false }, () => 'x');
  return files.find(({ path }) => path === '/etc/modprobe.d/lvsctl.conf')?.content;
}

describe('the size of the connection table', () => {
  it('stands in modprobe.d of a director that balances, and nowhere else', () => {
    expect(options(lb1(20))).toContain('\noptions ip_vs conn_tab_bits=20\n');
    expect(options(lb1(null))).toBeUndefined();
    expect(options(lb1(20, 'vrrp-only'))).toBeUndefined();
  });

  it.each([
    [{ bits: 12, builtIn: false }, /2\^12 buckets.*2\^20.*the next boot brings the new one: reboot this director/],
    [{ bits: 12, builtIn: true }, /add ip_vs\.conn_tab_bits=20 there, and reboot this director/],
  ])('is told where it is another: %j', (connectionTable, expected) => {
    expect(connectionTableWarnings(lb1(20), freshFacts({ connectionTable }))).toEqual([
      expect.stringMatching(expected),
    ]);
    expect(connectionTableWarnings(lb1(null), freshFacts({ connectionTable }))).toEqual([]);
  });

  it.each([
    { bits: 20, builtIn: false },
    { bits: 20, builtIn: true },
    { bits: null, builtIn: false },
  ])('is not told where it is as wanted, or the module is yet to be loaded: %j', (connectionTable) => {
    expect(connectionTableWarnings(lb1(20), freshFacts({ connectionTable }))).toEqual([]);
  });

  it('is read from the parameter of the module, which has a state if it can be unloaded', () => {
    const parameter = { '/sys/module/ip_vs/parameters/conn_tab_bits': '12\n' };
    expect(connectionTableIn({ ...parameter, '/sys/module/ip_vs/initstate': 'live\n' })).toEqual({
      bits: 12,
      builtIn: false,
    });
    expect(connectionTableIn(parameter)).toEqual({ bits: 12, builtIn: true });
    expect(connectionTableIn({})).toEqual({ bits: null, builtIn: false });
    expect(connectionTableIn({ '/sys/module/ip_vs/parameters/conn_tab_bits': 'many\n' }).bits).toBeNull();
  });
});
