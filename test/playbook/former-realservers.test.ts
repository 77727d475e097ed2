import { expect, it } from 'vitest';
import { formerSubjects } from '../../src/playbook/former-realservers.ts';
import { agentState } from '../facts/agent-state.ts';

const drained = (realserver: string) => {
  return { realserver, service: null, weight: 0, owner: 'x', reason: null, since: 1, until: null };
};

it('finds who left the topology by what some director still knows of it', () => {
  const states = [agentState(), agentState({ overrides: [drained('old1')] })];
  const names = ['old1', 'never'];
  expect(formerSubjects(states, { names, services: null })).toEqual([
    { realserver: 'old1', services: [], isWhole: true },
  ]);
  expect(formerSubjects(states, { names, services: ['http'] })).toEqual([
    { realserver: 'old1', services: ['http'], isWhole: false },
  ]);
});
