import { describe, expect, it } from 'vitest';
import { parseOptions } from './options.ts';
import { FAULTS, FULL, QUICK } from './plan.ts';

describe('the options of the failover benchmark', () => {
  it('default to the quick form, and to both modes, timers and rates with --full', () => {
    expect(parseOptions([])).toEqual(QUICK);
    expect(parseOptions(['--full'])).toEqual(FULL);
  });

  it('select faults in their own order, modes, timers, rates and peers', () => {
    const args = ['--only', 'clean-stop,crash', '--mode', 'nat', '--advert', '1s,100ms', '--rate', '5', '--runs', '7'];
    expect(parseOptions([...args, '--peer', 'keepalived', '--within', '12m', '--json'])).toEqual({
      peers: ['keepalived'],
      modes: ['nat'],
      advertsMs: [1000, 100],
      rates: [5],
      faults: ['crash', 'clean-stop'],
      runs: 7,
      busySeconds: 0,
      withinMs: 720_000,
      json: true,
    });
  });

  it('keep the busy loops when they are among the faults, for as long as is said', () => {
    expect(parseOptions(['--only', 'busy', '--busy', '10m'])).toMatchObject({ faults: [], busySeconds: 600 });
    expect(parseOptions(['--busy', '5s'])).toMatchObject({ faults: QUICK.faults, busySeconds: 5 });
  });

  it.each([
    [['--only', 'fire'], `--only: expected some of ${[...FAULTS, 'busy'].join(', ')}, not fire`],
    [['--runs', '0'], '--runs: expected a whole number from 1, not 0'],
    [['--rate', '5,x'], '--rate: expected a whole number from 1, not x'],
    [['--advert', '100'], 'a time is like 50ms or 3s, not "100"'],
  ])('%j is refused in a sentence', (args, words) => {
    expect(() => parseOptions(args)).toThrow(words);
  });

  it('refuse what is no option', () => {
    expect(() => parseOptions(['--fast'])).toThrow(/--fast/);
  });
});
