/** Who serves elsewhere, and for how long that counts once nobody says so any more. */
import { describe, expect, it } from 'vitest';
import { Elsewhere } from '../../../src/agent/exchange/elsewhere.ts';
import type { Peer } from '../../../src/agent/exchange/peers.ts';
import { parseAddress } from '../../../src/wire/address.ts';
import { ADDRESSES } from './directors.ts';

const VIPS = ['10.77.1.100', '10.77.1.101'];

/** One that is listened for, and at `atMs` said that it is MASTER of `masters`; null: it never said anything. */
function peer(director: string, atMs: number | null, masters: readonly string[] = []): Peer {
  const address = parseAddress(ADDRESSES[director] ?? '10.77.1.13')!;
  const rest = { hash: '', digest: '', generation: 1, startedAt: 1, counter: 1, sentAt: 1, blind: null };
  return { director, address, refused: null, heard: atMs === null ? null : { ...rest, atMs, masters } };
}

function judge(said: readonly Peer[], peers: readonly Peer[], nowMs: number) {
  const elsewhere = new Elsewhere();
  for (const one of said) elsewhere.hear(one);
  return elsewhere.judge(VIPS, peers, nowMs);
}

describe('another director', () => {
  const [master, backup] = [peer('lb2', 0, ['10.77.1.101']), peer('lb2', 0)];

  it('serves when it says that it is MASTER of one of the addresses', () => {
    expect(judge([master], [master], 100)).toBe('served');
    expect(judge([peer('lb2', 0, ['10.77.1.200'])], [master], 11_000)).toBe('not served');
  });

  it('is believed for ten seconds: its supervisor may be starting anew', () => {
    const anew = peer('lb2', 2_000);
    expect(judge([master, anew], [anew], 9_999)).toBe('served');
    expect(judge([master, anew], [anew], 10_000)).toBe('not served');
  });

  it('is given ten seconds from its first word', () => {
    expect(judge([backup], [backup], 9_999)).toBe('unknown');
    expect(judge([backup], [backup], 10_000)).toBe('not served');
  });

  it('may be MASTER as long as it was never heard, whatever the others say', () => {
    const mute = peer('lb3', null);
    expect(judge([], [mute], 1_000_000)).toBe('unknown');
    expect(judge([backup], [backup, mute], 1_000_000)).toBe('unknown');
    expect(judge([], [], 1_000_000)).toBe('unknown');
  });

  it('serves no longer when it is not heard any more', () => {
    expect(judge([master], [master], 10_000)).toBe('not served');
  });
});
