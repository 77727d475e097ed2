import { describe, expect, it } from 'vitest';
import { hmacAlarms, hmacWords } from '../../src/status/hmac.ts';
import { agentState as parse } from '../../src/status/state.ts';
import { vrrpRows } from '../../src/status/table.ts';
import { agentState, instanceState } from '../facts/agent-state.ts';

const hmac = { mode: 'enforce', keyId: 9, signsWith: 9, agreed: true, settled: true, formerAt: null } as const;

describe('signed advertisements in words', () => {
  it.each([
    [null, []],
    [undefined, []],
    [hmac, ['hmac enforce, key 9']],
    [{ ...hmac, settled: false }, ['hmac enforce, key 9: the former is believed, too, for a while']],
    [
      { ...hmac, signsWith: 7, agreed: false, settled: false },
      ['hmac enforce, key 9: signs with key 7 until all directors have it'],
    ],
    [
      { ...hmac, signsWith: null, agreed: false, settled: false },
      ['hmac enforce, key 9: sends unsigned until all directors have it'],
    ],
    [
      { ...hmac, mode: 'off' as const, keyId: null, agreed: false, settled: false },
      ['signing ends: signs with key 9 until all directors have it'],
    ],
  ])('%o', (said, words) => {
    expect(hmacWords({ hmac: said })).toEqual(words);
  });

  it('stand in the table beside the cause', () => {
    const state = agentState({
      vrrp: { alive: true, latenessMs: { last: 0, worst: 0 }, instances: [instanceState({ hmac })] },
    });
    expect(vrrpRows([{ director: 'lb1', state, silence: null }])[1]?.at(-1)).toBe(
      'nobody else advertises; hmac enforce, key 9',
    );
  });

  it('are accepted by the schema, also when an older agent tells nothing of them', () => {
    for (const more of [{ hmac }, { hmac: null }, {}]) {
      const state = agentState({
        vrrp: { alive: true, latenessMs: { last: 0, worst: 0 }, instances: [instanceState(more)] },
      });
      expect(parse.parse(state).vrrp.instances[0]?.hmac).toEqual('hmac' in more ? more.hmac : undefined);
    }
  });
});

describe('what is not believed', () => {
  const at = 1_795_253_965_697;
  const instance = instanceState({
    dropped: { 'hmac-missing': 40, 'hmac-wrong': 2, ttl: 7 },
    lastDropped: {
      'hmac-missing': { source: '10.9.0.2', at: at - 3_000 },
      'hmac-wrong': { source: '10.9.0.2', at: at - 61_000 },
      ttl: { source: '10.9.0.7', at },
    },
  });

  it('is an alarm for a minute, with whom it came from', () => {
    expect(hmacAlarms([instance], at)).toEqual([
      'public drops advertisements that are not signed (40, the last from 10.9.0.2)',
    ]);
  });

  it('has words for each reason', () => {
    for (const reason of ['missing', 'malformed', 'unknown-key', 'wrong', 'stale', 'replayed']) {
      const lastDropped = { [`hmac-${reason}`]: { source: '10.9.0.2', at } };
      expect(hmacAlarms([instanceState({ lastDropped })], at)).toHaveLength(1);
    }
  });
});
