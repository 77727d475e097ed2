import { expect, it } from 'vitest';
import { Lateness } from '../../../src/agent/vrrp/lateness.ts';

function measuring() {
  const lines: string[] = [];
  const lateness = new Lateness((level, message, fields) =>
    lines.push(`${level} ${message} ${JSON.stringify(fields)}`),
  );
  return { lateness, lines };
}

it('keeps the last and the worst, to a hundredth of a millisecond', () => {
  const { lateness, lines } = measuring();
  expect(lateness.measured).toEqual({ last: 0, worst: 0 });
  lateness.note(1000, 1007.123456, 100);
  lateness.note(2000, 2001.5, 100);
  expect(lateness.measured).toEqual({ last: 1.5, worst: 7.12 });
  lateness.note(3000, 2999.2, 100);
  expect(lateness.measured).toEqual({ last: 0, worst: 7.12 });
  expect(lines).toEqual([]);
});

it('says an interval of silence or more, at most every ten seconds unless it is worse than ever', () => {
  const { lateness, lines } = measuring();
  lateness.note(0, 99.9, 100);
  lateness.note(1000, 1250.4, 100);
  lateness.note(1000, 1250.6, 100);
  lateness.note(2000, 2200, 100);
  lateness.note(3000, 3300, 100);
  lateness.note(4000, 4200, 100);
  lateness.note(13_000, 13_400, 1_000);
  lateness.note(14_000, 14_200, 100);
  expect(lines).toEqual([
    'warning the VRRP process did not run for 250 ms {"silentMs":250,"worstMs":250}',
    'warning the VRRP process did not run for 300 ms {"silentMs":300,"worstMs":300}',
    'warning the VRRP process did not run for 200 ms {"silentMs":200,"worstMs":400}',
  ]);
});
