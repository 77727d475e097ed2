import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { establishedFact, kernelAddress, unknownTo } from '../../src/facts/established.ts';
import type { Address } from '../../src/wire/address.ts';

const address = (text: string): Address => text as Address;

/** As Linux 6.1 prints it. */
const TABLE = `Pro FromIP   FPrt ToIP     TPrt DestIP   DPrt State       Expires PEName PEData
TCP 0A4D01FE 8F3C 0A4D0164 0050 0A4D0115 0050 ESTABLISHED     899
TCP 0A4D01FE 8F3E 0A4D0164 01BB 0A4D0116 01BB ESTABLISHED     12
TCP 0A4D01FE 8F3D 0A4D0164 0050 0A4D0115 0050 FIN_WAIT        100
TCP 0A4D01FE 8F3F 0A4D0165 0050 0A4D0115 0050 ESTABLISHED     899
UDP 0A4D01FE 8F40 0A4D0164 0035 0A4D0115 0035 UDP             299
IP  0A4D01FE 0000 4C56FFFF 0000 0A4D010B 0000 ASSURED         47
TCP 2001:0db8:0000:0000:0000:0000:0000:0001 8F3C 2001:0db8:0000:0000:0000:0000:0000:0064 0050 2001:0db8:0000:0000:0000:0000:0000:0015 0050 ESTABLISHED     899
`;

/** What a host with this table prints when it is asked. */
function printed(vips: readonly Address[], table = TABLE): string {
  const folder = mkdtempSync(join(tmpdir(), 'conns-'));
  try {
    writeFileSync(join(folder, 'table'), table);
    const script = establishedFact.script({ vips }).replaceAll('/proc/net/ip_vs_conn', join(folder, 'table'));
    return execFileSync('/bin/sh', ['-c', script], { encoding: 'utf8' });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const keys = (vips: readonly string[], table?: string): string[] => [
  ...establishedFact.parse(printed(vips.map(address), table)).connections.keys(),
];

describe('established connections', () => {
  it('are those of the listeners that were asked for, of either family', () => {
    expect(keys(['10.77.1.100'])).toEqual(['0A4D01FE 8F3C 0A4D0164 0050', '0A4D01FE 8F3E 0A4D0164 01BB']);
    expect(keys(['10.77.1.101', '2001:db8::64'])).toEqual([
      '0A4D01FE 8F3F 0A4D0165 0050',
      '2001:0db8:0000:0000:0000:0000:0000:0001 8F3C 2001:0db8:0000:0000:0000:0000:0000:0064 0050',
    ]);
    expect(keys(['10.77.1.99'])).toEqual([]);
    expect(keys(['10.77.1.100'], '')).toEqual([]);
  });

  it('are not whole when the transport brought a part only', () => {
    const whole = printed([address('10.77.1.100')]);
    expect(establishedFact.parse(whole).isWhole).toBe(true);
    expect(establishedFact.parse(whole.slice(0, -5)).isWhole).toBe(false);
    expect(establishedFact.parse('').isWhole).toBe(false);
  });

  it('are asked for as the kernel writes them', () => {
    expect(kernelAddress(address('10.77.1.100'))).toBe('0A4D0164');
    expect(kernelAddress(address('2001:db8::64'))).toBe('2001:0db8:0000:0000:0000:0000:0000:0064');
  });

  it('are unknown to a successor that does not have them, or relays them to their director', () => {
    const of = (connections: Record<string, string>) => ({
      connections: new Map(Object.entries(connections)),
      isWhole: true,
    });
    const old = of({ a: '0A4D0115', b: '0A4D0115', c: '0A4D0116' });
    const successor = of({ a: '0A4D0115', b: '0A4D010B', d: '0A4D0115' });
    expect(unknownTo(successor, old, [address('10.77.1.11'), address('10.77.2.11')])).toEqual(['b', 'c']);
    expect(unknownTo(old, old, [address('10.77.1.11')])).toEqual([]);
  });
});
