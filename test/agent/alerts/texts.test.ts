import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { happeningOfMove, happeningOfVerdict } from '../../../src/agent/alerts/happening.ts';
import { mailText } from '../../../src/agent/alerts/mail-text.ts';
import { masked } from '../../../src/agent/alerts/masked.ts';
import { retryDelayMs } from '../../../src/agent/alerts/retry.ts';
import { subjectsOf } from '../../../src/agent/notify/subject.ts';
import { alert as alertSchema } from '../../../src/status/alert.ts';
import { configuration, instance } from '../../vrrp/configuration.ts';
import { alert, happening } from './alert.ts';

describe('an alert', () => {
  const both = { name: 'both', members: ['public'], notify: instance().notify, alert: true };
  const [public_, group] = subjectsOf(configuration([instance()], { syncGroups: [both] }), 'a');
  const move = { to: 'FAULT', cause: 'interface eth1 is down', priority: 100, at: 5, seen: 'found' } as const;

  it.each([
    [
      happeningOfMove({ ...move, subject: public_! }, 'MASTER'),
      'public is FAULT on lb1, was MASTER: interface eth1 is down (found when the agent came back)',
    ],
    [
      happeningOfMove({ ...move, subject: group!, seen: 'transition' }, null),
      'sync group both is FAULT on lb1: interface eth1 is down',
    ],
    [
      happeningOfVerdict({ realserver: 'web1', service: 'http', from: 'up', to: 'down', cause: 'refused' }, 5),
      'web1 is down in http, seen from lb1, was up: refused',
    ],
    [
      happeningOfVerdict({ realserver: null, service: 'http', from: null, to: 'down', cause: 'nobody' }, 5),
      'service http is down on lb1: nobody',
    ],
  ])('says all of it in one sentence, and has the form that is promised', (what, message) => {
    const one = alert('x', what);
    expect(one.message).toBe(message);
    expect(alertSchema.strict().parse(one)).toEqual(one);
  });
});

describe('a mail', () => {
  it('of one alert says it in its subject', () => {
    expect(mailText([alert('1')])).toEqual({
      subject: '[shop] public is MASTER on lb1, was BACKUP: 10.77.1.12 is not heard any more',
      text: `2026-11-21 09:38:50 UTC  public is MASTER on lb1, was BACKUP: 10.77.1.12 is not heard any more

Cluster shop, director lb1. What it looks like now: lvsctl status
`,
    });
  });

  it('of many is a digest, a line each, and its subject stays short', () => {
    const alerts = Array.from({ length: 50 }, (_, index) => alert(String(index), { cause: 'x'.repeat(index * 10) }));
    const { subject, text } = mailText(alerts);
    expect(subject).toMatch(/^\[shop\] 50 alerts of lb1, the last: public is MASTER on lb1.*…$/);
    expect(subject.length).toBeLessThanOrEqual(160);
    expect(text.split('\n')).toHaveLength(53);
  });
});

describe('a secret', () => {
  it('is masked in what others say of us, also as SMTP sends it', () => {
    const plain = Buffer.from('\0lvs\0hunter2').toString('base64');
    expect(masked(`500 what is hunter2, or ${plain}, or aHVudGVyMg==?`, ['hunter2', '\0lvs\0hunter2', ''])).toBe(
      '500 what is ***, or ***, or ***?',
    );
  });

  it('that is a part of another does not give the rest of that away', () => {
    expect(masked('Bearer abcdef', ['abc', 'abcdef'])).toBe('Bearer ***');
  });
});

describe('the pause before the next try', () => {
  it('doubles from some seconds to some minutes, and never runs away', () => {
    expect([1, 2, 3, 8, 50, 5_000].map((failures) => retryDelayMs(failures, 0))).toEqual([
      2_500, 5_000, 10_000, 300_000, 300_000, 300_000,
    ]);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e6 }), fc.double({ min: 0, max: 0.999, noNaN: true }), (n, random) => {
        const delayMs = retryDelayMs(n, random);
        expect(delayMs).toBeGreaterThanOrEqual(retryDelayMs(n, 0));
        expect(delayMs).toBeLessThanOrEqual(600_000);
      }),
    );
  });
});

it('what is sent is made of nothing but what has happened', () => {
  expect(Object.keys(alert('1')).sort()).toEqual(
    [...Object.keys(happening()), 'schema', 'id', 'cluster', 'director', 'message'].sort(),
  );
});
