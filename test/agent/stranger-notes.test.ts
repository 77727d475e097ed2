import { expect, it } from 'vitest';
import { Journal } from '../../src/agent/journal.ts';
import { StrangerNotes } from '../../src/agent/stranger-notes.ts';
import type { InstanceReport } from '../../src/vrrp/link.ts';
import { instanceState } from '../facts/agent-state.ts';

const stranger = { source: '10.77.1.99', isKnown: false, version: 3, priority: 200, addresses: ['10.77.1.200'], since: 1, at: 2 } as const; // biome-ignore format: short
const report = (strangers: InstanceReport['strangers']): InstanceReport => {
  return { ...(instanceState() as InstanceReport), ...(strangers === undefined ? {} : { strangers }) };
};

it('are an event when a stranger is heard first, and when it is heard no longer', () => {
  const journal = new Journal(
    () => undefined,
    () => 1000,
  );
  const notes = new StrangerNotes(journal);
  notes.take([report(undefined)]); // a VRRP process of an earlier release
  notes.take([report([stranger])]);
  notes.take([report([{ ...stranger, priority: 100 }])]);
  notes.take([report([])]);
  notes.take([]);
  expect(journal.since(0).map(({ level, kind, message }) => ({ level, kind, message }))).toEqual([
    {
      level: 'warning',
      kind: 'vrrp',
      message:
        'foreign VRID 51 on eth1: 10.77.1.99 advertises it with 10.77.1.200 (version 3, priority 200); here it is public',
    },
    { level: 'info', kind: 'vrrp', message: '10.77.1.99 advertises VRID 51 of public no longer' },
  ]);
});
