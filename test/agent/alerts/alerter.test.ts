/** Which moves make an alert, and that each makes one. Its mail server is not there; the spool shows what would be sent. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Alerter } from '../../../src/agent/alerts/alerter.ts';
import { Spool } from '../../../src/agent/alerts/spool.ts';
import { Journal } from '../../../src/agent/journal.ts';
import type { Move } from '../../../src/agent/notify/moves.ts';
import { type Subject, subjectsOf, type Told } from '../../../src/agent/notify/subject.ts';
import { ToldStore } from '../../../src/agent/told-store.ts';
import type { AlertsConfig } from '../../../src/config/config.ts';
import { FakeClock } from '../../../src/kernel/fake-clock.ts';
import { configuration, instance } from '../../vrrp/configuration.ts';
import { WHERE } from './alert.ts';

const WEBHOOK: AlertsConfig = { smtp: null, webhook: { url: 'http://127.0.0.1:9/', headers: {} } };
const OFF: AlertsConfig = { smtp: null, webhook: null };
const subjectOf = (alert: boolean): Subject => subjectsOf(configuration([instance({ alert })]), 'a')[0]!;

let folder: string;
let spool: Spool;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'alerter-'));
});
afterEach(async () => {
  await spool.settled();
  rmSync(folder, { recursive: true });
});

/** As after a start of the agent, with a clock that stands: nothing is sent. */
function started(alerts = WEBHOOK): Alerter {
  const clock = new FakeClock();
  const journal = new Journal(
    () => {},
    () => 0,
  );
  spool = new Spool({ folder: join(folder, 'alerts'), journal, wall: () => 0 });
  const told = new ToldStore(join(folder, 'alerted.json'), journal);
  const alerter = new Alerter({ clock, random: () => 0, journal, spool, told });
  alerter.configure(WHERE, alerts);
  return alerter;
}
const move = (to: Told, seen: Move['seen'] = 'transition', subject = subjectOf(true)): Move => ({
  subject,
  to,
  cause: 'test',
  priority: 100,
  at: 0,
  seen,
});
const waiting = () => spool.pending('webhook').map(({ from, to, late }) => `${from} → ${to}${late ? ' late' : ''}`);

describe('alerts', () => {
  it('tell each move once, from what to what', () => {
    const alerter = started();
    for (const to of ['BACKUP', 'MASTER', 'MASTER', 'FAULT', 'BACKUP', 'STOP'] as const) alerter.take(move(to));
    expect(waiting()).toEqual(['BACKUP → MASTER', 'MASTER → FAULT', 'FAULT → BACKUP', 'BACKUP → STOP']);
  });

  it('tell the first word of a director only where it is news', () => {
    const alerter = started();
    for (const to of ['MASTER', 'FAULT', 'BACKUP', 'STOP'] as const)
      alerter.take(move(to, 'found', { ...subjectOf(true), name: to }));
    expect(waiting()).toEqual(['null → MASTER late', 'null → FAULT late']);
  });

  it('do not tell what is not to be told, but remember it', () => {
    const alerter = started();
    alerter.take(move('MASTER', 'transition', subjectOf(false)));
    alerter.take(move('MASTER', 'found'));
    expect(waiting()).toEqual([]);
    alerter.take(move('BACKUP'));
    expect(waiting()).toEqual(['MASTER → BACKUP']);
  });

  it('are none where nobody is to be told', async () => {
    const alerter = started(OFF);
    alerter.take(move('MASTER'));
    alerter.takeVerdict({ realserver: 'web1', service: 'http', from: 'up', to: 'down', cause: 'x' }, 0);
    await alerter.stop(false);
    expect(started().isOn).toBe(true);
    expect(waiting()).toEqual([]);
  });

  it('are abandoned when the channel leaves the configuration', () => {
    const alerter = started();
    alerter.take(move('MASTER'));
    alerter.configure(WHERE, OFF);
    expect([waiting(), alerter.isOn]).toEqual([[], false]);
  });
});

describe('a restart', () => {
  it('tells what came about meanwhile, and nothing twice', async () => {
    const first = started();
    first.take(move('MASTER'));
    await first.stop(false);
    const second = started();
    second.take(move('MASTER', 'found'));
    expect(waiting()).toEqual(['null → MASTER']);
    second.take(move('BACKUP', 'found'));
    expect(waiting()).toEqual(['null → MASTER', 'MASTER → BACKUP late']);
  });

  it('between the two writes does not tell it again', async () => {
    const first = started();
    first.take(move('BACKUP'));
    await first.stop(false);
    const before = '{"INSTANCE public":{"state":"BACKUP","left":[]}}';
    first.take(move('MASTER'));
    await first.stop(false);
    writeFileSync(join(folder, 'alerted.json'), before);
    started().take(move('MASTER', 'found'));
    expect(waiting()).toEqual(['BACKUP → MASTER']);
  });
});
