import { describe, expect, it } from 'vitest';
import { wantedHosts } from '../../src/desired/hosts.ts';
import { exchangeKey } from '../../src/operations/exchange-key.ts';
import type { Context } from '../../src/operations/operation.ts';
import { renderForPeople, renderForWire } from '../../src/shell/render.ts';
import { topology } from '../desired/topology.ts';
import { CONTEXT, freshFacts, runningAgent } from './facts.ts';

const [director] = wantedHosts(topology('dr'));
const [alone] = wantedHosts(topology('one-director'));
const SECRET = 'k1\nsecret\n';
const file = { secret: SECRET };

function decided(there: string | null, exchange: Context['exchange'], wanted = director) {
  const facts = freshFacts({ agent: runningAgent({ exchangeKey: there }) });
  const outcome = exchangeKey.decide(wanted!, facts, { ...CONTEXT, exchange });
  if ('nothing' in outcome) return outcome.nothing;
  const changes = outcome.changes.map(({ sign, what, why }) => `${sign} ${what} (${why})`);
  return [...changes, ...outcome.commands.map(renderForPeople)];
}

describe('the exchange key', () => {
  it.each<[string, string | null, Context['exchange'], readonly string[] | string]>([
    ['is planned where it is missing', null, { id: null, file: null }, ['+ exchange key (missing)']],
    [
      'is written where it is missing',
      null,
      { id: 'k1', file },
      ['+ exchange key (missing)', 'write /var/lib/lvs-agent/exchange.key (mode 0600, ***)'],
    ],
    [
      'takes the place of another, which counts a while longer',
      'k0',
      { id: 'k1', file },
      [
        '~ exchange key (other directors have another)',
        'cp /var/lib/lvs-agent/exchange.key /var/lib/lvs-agent/exchange.key.former',
        'write /var/lib/lvs-agent/exchange.key (mode 0600, ***)',
      ],
    ],
    ['is left alone where it is right', 'k1', { id: 'k1', file }, 'the same as on the other directors'],
    ['is not made while directors cannot be read', null, null, 'made when all directors can be read'],
  ])('%s', (_title, there, exchange, expected) => {
    expect(decided(there, exchange)).toEqual(expected);
  });

  it('is nothing for a director alone', () => {
    expect(decided(null, { id: 'k1', file }, alone)).toBe('no other director');
  });

  it('goes over the wire outside of any argv', () => {
    const facts = freshFacts({ agent: runningAgent({ exchangeKey: null }) });
    const outcome = exchangeKey.decide(director!, facts, { ...CONTEXT, exchange: { id: 'k1', file } });
    const commands = 'commands' in outcome ? outcome.commands : [];
    expect(commands.map((one) => one.kind)).toEqual(['write']);
    expect(commands.map(renderForWire).join()).toContain(SECRET);
  });
});
