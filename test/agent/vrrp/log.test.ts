import { describe, expect, it } from 'vitest';
import { logLine, onChange } from '../../../src/agent/vrrp/log.ts';

describe('a line for the journal', () => {
  it('carries its priority, its message and its fields', () => {
    expect(logLine('notice', 'public is MASTER', { instance: 'public', cause: 'nobody else "speaks"', vrid: 51 })).toBe(
      '<5>public is MASTER instance=public cause="nobody else \\"speaks\\"" vrid=51\n',
    );
  });

  it('stays one line whatever stands in it', () => {
    const line = logLine('error', 'first\nsecond', { cause: 'a\nb\r\u0000c' });
    expect(line).toMatch(/^[\x20-\x7e]+\n$/);
  });
});

describe('what repeats', () => {
  const lines: string[] = [];
  const say = onChange((level, message) => lines.push(`${level} ${message}`));

  it('is said when it begins, when it changes and when it ends', () => {
    for (const message of ['no route', 'no route', 'no buffer', undefined, undefined, 'no route'])
      say('a', 'warning', message);
    expect(lines).toEqual(['warning no route', 'warning no buffer', 'info works again', 'warning no route']);
  });

  it('is not remembered without bound', () => {
    lines.length = 0;
    for (let source = 0; source < 10_000; source++) say(`from ${source}`, 'warning', 'dropped');
    expect(lines.length).toBeLessThan(300);
  });
});
