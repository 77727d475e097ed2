import { describe, expect, it } from 'vitest';
import type { HeldConnection } from '../../../vm-lab/load/grip.ts';
import { lostOf } from './sample.ts';

const BROKEN_MS = 100_000;
const cut = { cause: 'reset', atMs: BROKEN_MS };

function opened(beforeMs: number, isCut = false): HeldConnection {
  return { kind: 'connection', openedMs: BROKEN_MS - beforeMs, received: 1, ...(isCut ? { cut } : {}) };
}

function download(isCut: boolean): HeldConnection {
  return { kind: 'download', openedMs: BROKEN_MS - 3000, received: 1, ...(isCut ? { cut } : {}) };
}

describe('the held connections that count', () => {
  it('are the early ones, the downloads, and those that were opened in the last second', () => {
    const late = [opened(1500, true), opened(999), opened(500, true), opened(31), opened(20, true), opened(-40, true)];
    expect(lostOf([opened(3000, true), opened(3000), download(true), download(false)], late, BROKEN_MS)).toEqual({
      connections: 5,
      connectionsLost: 2,
      downloads: 2,
      downloadsLost: 1,
    });
  });

  it('are the last 25 when more were opened in that second', () => {
    const late = Array.from({ length: 40 }, (_, index) => opened(900 - 20 * index, index < 15));
    expect(lostOf([], late, BROKEN_MS)).toMatchObject({ connections: 25, connectionsLost: 0 });
  });
});
