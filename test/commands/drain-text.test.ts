import { describe, expect, it } from 'vitest';
import {
  drainDocument,
  tellDrained,
  tellFailures,
  tellUndrained,
  undrainDocument,
} from '../../src/commands/drain-text.ts';
import { createOutput } from '../../src/output/output.ts';
import type { DirectorFailure } from '../../src/playbook/directors-told.ts';
import type { Drained } from '../../src/playbook/drain.ts';
import { hostFailure } from '../../src/playbook/failure.ts';
import { agentState } from '../facts/agent-state.ts';

function told(tell: (output: ReturnType<typeof createOutput>) => void) {
  const streams = { out: '', err: '' };
  const sink = (name: 'out' | 'err') => ({ write: (text: string) => (streams[name] += text), on: () => {} });
  tell(createOutput({}, { out: sink('out'), err: sink('err'), env: { NO_COLOR: '1' } }));
  return streams;
}

const LEFT = [
  { director: 'lb1', active: 2, inactive: 3, persistent: 0 },
  { director: 'lb2', active: 0, inactive: 0, persistent: 0 },
];
const one = (outcome: Drained['outcome']): Drained => ({
  ...{ realserver: 'web1', services: ['http'], outcome, seconds: 12.3, left: LEFT },
});

describe('what a drain says', () => {
  it.each<[Drained['outcome'], 'out' | 'err', string]>([
    ['drained', 'out', 'web1 is drained: nothing new arrives; 2 active, 3 inactive at lb1; nothing at lb2\n'],
    ['empty', 'out', 'web1 is drained and empty after 12.3 s\n'],
    [
      'timeout',
      'err',
      'error: web1 is not empty after 10 min, and stays drained: 2 active, 3 inactive at lb1; nothing at lb2\n',
    ],
    ['interrupted', 'err', 'warning: web1 stays drained: 2 active, 3 inactive at lb1; nothing at lb2\n'],
    ['ended', 'err', 'error: web1 is drained no longer: somebody took that back, or its time was over; '],
    ['unknown', 'err', 'error: web1: no director can be asked any more whether it is empty\n'],
  ])('%s', (outcome, stream, text) => {
    expect(told((output) => tellDrained(output, one(outcome), 600_000, []))[stream]).toContain(text);
  });

  it.each<Drained['outcome']>(['drained', 'timeout', 'interrupted'])('%s: and how to go on, or back', (outcome) => {
    const { err } = told((output) => tellDrained(output, one(outcome), 600_000, []));
    expect(err).toMatch(/hint: lvsctl drain web1 --wait .*; lvsctl undrain web1 gives its weight back\n$/);
  });
});

it('goes on in the same services of the same cluster, and no others', () => {
  const where = ['--service', 'http', '-t', 'my shop.yaml'];
  const { err } = told((output) => tellDrained(output, one('timeout'), 600_000, [], where));
  expect(err).toContain("hint: lvsctl drain web1 --service http -t 'my shop.yaml' --wait goes on");
  expect(err).toContain("lvsctl undrain web1 --service http -t 'my shop.yaml' gives");
});

it('does not claim to know what a director has that was not asked', () => {
  const empty = { ...one('empty'), left: LEFT.slice(1) };
  expect(told((output) => tellDrained(output, empty, 600_000, ['lb1'])).out).toBe(
    'web1 is drained and empty after 12.3 s at lb2; what lb1 may have is not known\n',
  );
});

it('does not claim that nothing arrives from a director that was not told', () => {
  const drained = { ...one('drained'), left: LEFT.slice(1) };
  expect(told((output) => tellDrained(output, drained, null, ['lb1'])).out).toBe(
    'web1 is drained at lb2: nothing new arrives there; what lb1 sends it is not known; nothing at lb2\n',
  );
});

describe('a director that was not told', () => {
  const failure = (knows: boolean): DirectorFailure => ({
    ...hostFailure('lb2', 'no route'),
    kind: 'unreachable',
    knows,
  });
  const lb1 = (key: string | null) => agentState({ exchange: { key, peers: [] } });

  it.each<[string, string | null, boolean, string]>([
    [
      'is told by another',
      'ab',
      false,
      'error: lb2 was not told: lb2: no route\nhint: lb1 tells it as soon as it is back, before it can be MASTER\n',
    ],
    [
      'must be told again where they have no key',
      null,
      false,
      'error: lb2 was not told: lb2: no route\nhint: run this again when lb2 is back, or on it: lvs-agent ctl drain REALSERVER\n',
    ],
    ['that was lost later knows it', 'ab', true, 'error: lb2: no route\n'],
  ])('%s', (_what, key, knows, text) => {
    expect(told((output) => tellFailures(output, [failure(knows)], [lb1(key)])).err).toBe(text);
  });

  it('is in the document, beside those that were', () => {
    expect(drainDocument('shop', [lb1('ab')], { realservers: [one('empty')], failures: [failure(false)] })).toEqual({
      schema: 1,
      cluster: 'shop',
      realservers: [one('empty')],
      directors: [
        { director: 'lb1', outcome: 'done', message: null, knows: true },
        { director: 'lb2', outcome: 'unreachable', message: 'lb2: no route', knows: false },
      ],
    });
  });
});

describe('what an undrain says', () => {
  it('is the weights, and where checks keep a realserver out', () => {
    const { out, err } = told((output) =>
      tellUndrained(output, { realserver: 'web1', weights: { http: 3, https: 0 } }),
    );
    expect(out).toBe('web1 is drained no longer: weight 3 in http\n');
    expect(err).toBe('warning: web1 has no weight in https yet: see its checks in lvsctl status\n');
  });

  it('is a document of all that were named', () => {
    const idle = [{ realserver: 'web2', services: ['http'], isWhole: true }];
    const result = { realservers: [{ realserver: 'web1', weights: { http: 3 } }], failures: [] };
    expect(undrainDocument('shop', [agentState()], result, idle)).toMatchObject({
      realservers: [
        { realserver: 'web1', wasDrained: true, weights: { http: 3 } },
        { realserver: 'web2', wasDrained: false },
      ],
      directors: [{ director: 'lb1', outcome: 'done' }],
    });
  });
});
