/** The commands of services: what is told, in which order, and what a restart of the agent tells again. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Journal } from '../../../src/agent/journal.ts';
import { fewAtOnce } from '../../../src/agent/notify/few-at-once.ts';
import { ServiceNotices } from '../../../src/agent/notify/service-notices.ts';
import type { Ended, Program } from '../../../src/agent/script-run.ts';
import { type Member, type ServiceStanding, startingStanding } from '../../../src/health/service-standing.ts';
import { FakeClock } from '../../../src/kernel/fake-clock.ts';
import { storedConfig, webTopology } from '../config.ts';

const COMMANDS = `
    quorum: { weight: 2, up: [/q, up], down: [/q, down], on_stop: down }
    notify: { up: [/rs, up], down: [/rs, down], user: announcer }
`;

let folder: string;
let begun: Program[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'services-'));
  begun = [];
});
afterEach(() => rmSync(folder, { recursive: true }));

const words = () =>
  begun.splice(0).map(({ run, environment }) => [...run, environment?.['LVS_REALSERVER']].join(' ').trim());
const turn = () => new Promise((resolve) => setImmediate(resolve));
const { config } = storedConfig(webTopology({ ports: [80, 80], service: COMMANDS }));
const service = config.services[0]!;

/** As after a start of the agent. */
function started(): ServiceNotices {
  const journal = new Journal(
    () => {},
    () => 0,
  );
  const runProgram = async (program: Program): Promise<Ended> => {
    begun.push(program);
    return { problem: undefined, exitCode: 0, output: '' };
  };
  const notices = new ServiceNotices({ clock: new FakeClock(), journal, runProgram, runtimeFolder: folder });
  notices.configure({ cluster: 'c', director: 'lb1' }, config);
  return notices;
}

/** `u` up, `d` down, `p` presumed down, `?` unknown. */
function members(letters: string): Member[] {
  return [...letters].map((letter, index) => ({
    name: `web${index + 1}`,
    verdict: letter === 'u' ? 'up' : letter === '?' ? 'unknown' : 'down',
    isPresumed: letter === 'p',
    isMeant: false,
    sinceMs: 0,
    weight: 1,
    error: letter === 'd' ? 'is refused' : null,
  }));
}

async function look(notices: ServiceNotices, letters: string, standing: Partial<ServiceStanding>): Promise<string[]> {
  notices.look(service, members(letters), startingStanding(0, standing));
  await turn();
  await turn();
  return words();
}

describe('commands of a service', () => {
  it('run when the quorum and realservers come and go, and never twice', async () => {
    const notices = started();
    expect(await look(notices, '??', { quorum: 'unknown' })).toEqual([]);
    expect(await look(notices, 'uu', { quorum: 'up' })).toEqual(['/q up', '/rs up web1', '/rs up web2']);
    expect(await look(notices, 'uu', { quorum: 'up' })).toEqual([]);
    expect(await look(notices, 'du', { quorum: 'down' })).toEqual(['/q down', '/rs down web1']);
  });

  it('say in their environment what they speak of', async () => {
    started().look(service, members('d'), startingStanding(0, { quorum: 'up' }));
    await turn();
    expect(begun.find(({ run }) => run[0] === '/rs')).toMatchObject({
      user: 'announcer',
      environment: {
        LVS_TYPE: 'REALSERVER',
        LVS_NAME: 'web1 of http',
        LVS_SERVICE: 'http',
        LVS_REALSERVER: 'web1',
        LVS_STATE: 'DOWN',
        LVS_CAUSE: 'is refused',
        LVS_VIPS: '10.77.1.100',
      },
    });
  });

  it('are not run for what is only presumed, nor for whoever is served though it fails', async () => {
    const notices = started();
    expect(await look(notices, 'pu', { quorum: 'up' })).toEqual(['/q up', '/rs up web2']);
    const failOpen = {
      up: new Set<string>(),
      fellMs: new Map(),
      open: { sinceMs: 0, held: new Set(['web2']), calmMs: null },
    };
    expect(await look(notices, 'pd', { quorum: 'up', failOpen })).toEqual([]);
    expect(await look(notices, 'pd', { quorum: 'up' })).toEqual(['/rs down web2']);
  });

  it('are remembered over a restart, which runs nothing again', async () => {
    const former = started();
    await look(former, 'ud', { quorum: 'down' });
    await former.stop(false);
    expect(words()).toEqual([]);
    const notices = started();
    expect(notices.toldQuorum('http')).toBe('down');
    expect(await look(notices, 'ud', { quorum: 'down' })).toEqual([]);
    expect(await look(notices, 'uu', { quorum: 'up' })).toEqual(['/q up', '/rs up web2']);
  });

  it('say down when the agent is stopped for good, once', async () => {
    const former = started();
    await look(former, 'uu', { quorum: 'up' });
    await former.stop(true);
    expect(words()).toEqual(['/q down']);
    const notices = started();
    expect(await look(notices, 'uu', { quorum: 'down' })).toEqual([]);
    expect(await look(notices, 'uu', { quorum: 'up' })).toEqual(['/q up']);
    await look(notices, 'uu', { quorum: 'down' });
    await notices.stop(true);
    expect(words()).toEqual([]);
  });
});

describe('few at once', () => {
  it('starts the next when one has ended, in order', async () => {
    const ends: (() => void)[] = [];
    const names: string[] = [];
    const run = fewAtOnce((program) => {
      names.push(program.run[0] ?? '');
      return new Promise((resolve) => ends.push(() => resolve({ problem: undefined, exitCode: 0, output: '' })));
    }, 2);
    const all = ['a', 'b', 'c', 'd'].map((name) =>
      run({ run: [name], user: 'x', timeoutMs: 1 }, new AbortController().signal),
    );
    await turn();
    expect(names).toEqual(['a', 'b']);
    ends[1]?.();
    await turn();
    expect(names).toEqual(['a', 'b', 'c']);
    ends[0]?.();
    ends[2]?.();
    await turn();
    ends[3]?.();
    await Promise.all(all);
    expect(names).toEqual(['a', 'b', 'c', 'd']);
  });
});
