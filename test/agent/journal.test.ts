import { expect, it } from 'vitest';
import { Journal } from '../../src/agent/journal.ts';

function journal() {
  const lines: string[] = [];
  return {
    lines,
    journal: new Journal(
      (line) => lines.push(line),
      () => 1_000,
    ),
  };
}

it('writes a line with its priority, and quotes what needs it', () => {
  const { lines, journal: one } = journal();
  one.note('warning', 'check', 'web1 is down', { realserver: 'web1', cause: 'two words', port: 80 });
  expect(lines).toEqual(['<4>web1 is down kind=check realserver=web1 cause="two words" port=80\n']);
});

it('keeps a realserver from writing lines of its own', () => {
  const { lines, journal: one } = journal();
  one.note('info', 'check', 'answered 500 a\n<0>everything is broken\u001b[2J', { field: 'x\n<0>y' });
  expect(lines).toEqual(['<6>answered 500 a <0>everything is broken [2J kind=check field="x\\n<0>y"\n']);
});

it('keeps the last thousand events, in order, and tells followers until they stop', () => {
  const { journal: one } = journal();
  const seen: number[] = [];
  const stop = one.follow(({ seq }) => seen.push(seq));
  for (let index = 0; index < 1_500; index++) one.record('info', 'agent', `event ${index}`);
  stop();
  one.record('info', 'agent', 'unheard');
  expect(seen).toHaveLength(1_500);
  expect(one.since(0)).toHaveLength(1_000);
  expect(one.since(0)[0]?.seq).toBe(502);
  expect(one.since(1_500).map(({ message }) => message)).toEqual(['unheard']);
});
