import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Move } from '../../../src/agent/notify/moves.ts';
import { collapsed, MOST_WAITING, queued } from '../../../src/agent/notify/queue.ts';
import type { Told } from '../../../src/agent/notify/subject.ts';

const move = (to: Told) => ({ to }) as Move;

it('keeps the order up to its bound, then only where it all ends', () => {
  const states: Told[] = ['BACKUP', 'MASTER', 'BACKUP', 'MASTER', 'BACKUP', 'MASTER', 'BACKUP', 'MASTER', 'FAULT'];
  let waiting: readonly Move[] = [];
  for (const to of states.slice(0, MOST_WAITING)) waiting = queued(waiting, move(to), 'FAULT').waiting;
  expect(waiting.map(({ to }) => to)).toEqual(states.slice(0, MOST_WAITING));
  expect(queued(waiting, move('STOP'), 'FAULT')).toEqual({
    waiting: [{ to: 'STOP' }],
    passedOver: states.slice(0, MOST_WAITING),
  });
  expect(queued(waiting, move('FAULT'), 'FAULT')).toEqual({ waiting: [], passedOver: states });
});

it('collapses to nothing where nothing waits', () => {
  expect(collapsed([], 'MASTER')).toEqual({ waiting: [], passedOver: [] });
});

it('never grows, loses the last state only where it is told already, and counts what it passes over', () => {
  const told = fc.constantFrom<Told>('MASTER', 'BACKUP', 'FAULT', 'STOP');
  fc.assert(
    fc.property(fc.array(told, { maxLength: 60 }), told, (states, last) => {
      let waiting: readonly Move[] = [];
      let gone = 0;
      for (const to of states) {
        const next = queued(waiting, move(to), last);
        waiting = next.waiting;
        gone += next.passedOver.length;
      }
      expect(waiting.length).toBeLessThanOrEqual(MOST_WAITING);
      expect(waiting.length + gone).toBe(states.length);
      expect(waiting.at(-1)?.to ?? last).toBe(states.at(-1) ?? last);
    }),
  );
});
