import { expect, it } from 'vitest';
import { agentState } from '../../src/status/state.ts';
import { instanceState, agentState as stateOf } from '../facts/agent-state.ts';

it('of an agent that does not tell of trackers and transitions yet is understood', () => {
  const { trackers: _trackers, transitions: _transitions, ...older } = instanceState();
  const state = stateOf();
  const parsed = agentState.parse({ ...state, vrrp: { ...state.vrrp, instances: [older] } });
  expect(parsed.vrrp.instances).toEqual([{ ...older, trackers: [], transitions: 0 }]);
});
