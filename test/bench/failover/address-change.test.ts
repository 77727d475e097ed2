import { describe, expect, it } from 'vitest';
import { parseAddressChange } from './address-change.ts';

const VIP = '10.77.1.100';

describe('a line of ip -o monitor address', () => {
  it.each([
    [`3: eth1    inet ${VIP}/32 scope global eth1\\       valid_lft 2sec preferred_lft 2sec`, true],
    [`Deleted 3: eth1    inet ${VIP}/32 scope global eth1\\       valid_lft forever preferred_lft forever`, false],
    [`Deleted 3: eth1    inet ${VIP} scope global eth1`, false],
    ['3: eth1    inet 10.77.1.10/32 scope global eth1', undefined],
    ['3: eth1    inet 10.77.1.1001/32 scope global eth1', undefined],
    [`1: lo    inet ${VIP}/32 scope global lo\\       valid_lft 60sec preferred_lft 0sec`, undefined],
    [`Deleted 5: tunl0    inet ${VIP}/32 scope global tunl0`, undefined],
    ['listening', undefined],
    ['', undefined],
  ])('%s: %s', (line, change) => {
    expect(parseAddressChange(line, VIP)).toBe(change);
  });
});
