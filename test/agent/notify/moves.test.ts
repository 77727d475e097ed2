import { beforeEach, describe, expect, it } from 'vitest';
import { type Move, Moves } from '../../../src/agent/notify/moves.ts';
import { subjectsOf } from '../../../src/agent/notify/subject.ts';
import type { Config } from '../../../src/config/config.ts';
import type { InstanceReport } from '../../../src/vrrp/link.ts';
import { instanceState } from '../../facts/agent-state.ts';
import { configuration, instance } from '../../vrrp/configuration.ts';

const inside = instance({ name: 'inside' });
const both = { name: 'both', members: ['public', 'inside'], notify: inside.notify, alert: true };
const CONFIG = configuration([instance(), inside], { syncGroups: [both] });

let seen: Move[];
let moves: Moves;
const configure = (config: Config) => moves.configure(subjectsOf(config, 'a'), 99);
beforeEach(() => {
  seen = [];
  moves = new Moves((move) => seen.push(move));
  configure(CONFIG);
});

/** The same for each test: what came, in short, and then nothing. */
function told(): string[] {
  return seen.splice(0).map(({ subject: { type, name }, to, seen: how }) => `${type} ${name} ${to} ${how}`);
}
const go = (name: string, from: string, to: string) =>
  moves.transition({ type: 'transition', instance: name, from, to, cause: 'because', at: 7, priority: 110 });
const report = (name: string, state: InstanceReport['state']): InstanceReport =>
  instanceState({ name, state }) as InstanceReport;

describe('moves', () => {
  it('of a group follow those of its members, and never show what it is not', () => {
    go('public', 'INIT', 'BACKUP');
    expect(told()).toEqual(['INSTANCE public BACKUP transition']);
    go('inside', 'INIT', 'BACKUP');
    go('public', 'BACKUP', 'MASTER');
    go('inside', 'BACKUP', 'MASTER');
    go('public', 'MASTER', 'INIT');
    go('inside', 'MASTER', 'INIT');
    expect(told()).toEqual([
      'INSTANCE inside BACKUP transition',
      'GROUP both BACKUP transition',
      'INSTANCE public MASTER transition',
      'GROUP both BACKUP transition',
      'INSTANCE inside MASTER transition',
      'GROUP both MASTER transition',
      'INSTANCE public STOP transition',
      'GROUP both STOP transition',
      'INSTANCE inside STOP transition',
      'GROUP both STOP transition',
    ]);
    expect(moves.areStopped).toBe(true);
  });

  it('carry cause, time and priority; a group has none of its own', () => {
    moves.found([report('public', 'MASTER'), report('inside', 'MASTER')], 1);
    seen = [];
    go('public', 'MASTER', 'BACKUP');
    expect(seen).toMatchObject([
      { cause: 'because', at: 7, priority: 110 },
      { cause: 'public: because', at: 7, priority: 0 },
    ]);
  });

  it('pass over a state that is only passed through, and one of another release', () => {
    moves.found([report('public', 'MASTER'), report('inside', 'MASTER')], 1);
    told();
    go('public', 'MASTER', 'LAME_DUCK');
    expect(told()).toEqual([]);
    go('public', 'LAME_DUCK', 'BACKUP');
    expect(told()).toEqual(['INSTANCE public BACKUP transition', 'GROUP both BACKUP transition']);
  });

  it('that were missed are found with a new connection; an instance that is not there has stopped', () => {
    moves.found([report('public', 'MASTER')], 1);
    expect(told()).toEqual([
      'INSTANCE public MASTER found',
      'GROUP both STOP found',
      'INSTANCE inside STOP found',
      'GROUP both STOP found',
    ]);
  });

  it('end with STOP when an instance leaves the configuration, once the VRRP process has ended it', () => {
    moves.found([report('public', 'MASTER'), report('inside', 'MASTER')], 1);
    told();
    configure(configuration([inside]));
    expect(told()).toEqual(['GROUP both STOP transition']);
    go('public', 'MASTER', 'INIT');
    go('public', 'INIT', 'BACKUP');
    expect(told()).toEqual(['INSTANCE public STOP transition']);
    configure(configuration([]));
    moves.found([], 1);
    expect(told()).toEqual(['INSTANCE inside STOP found']);
    moves.found([], 1);
    expect(told()).toEqual([]);
  });

  it('go on when the configuration comes back before that', () => {
    moves.found([report('public', 'MASTER'), report('inside', 'MASTER')], 1);
    configure(configuration([inside]));
    configure(CONFIG);
    told();
    go('public', 'MASTER', 'BACKUP');
    expect(told()).toEqual(['INSTANCE public BACKUP transition', 'GROUP both BACKUP transition']);
  });
});
