import { describe, expect, it } from 'vitest';
import { numbersAndJson } from './options.ts';

const DEFAULTS = { rounds: 5, big: 5000 };

describe('the options of the benchmarks inside one machine', () => {
  it('are the defaults, or numbers', () => {
    expect(numbersAndJson([], DEFAULTS)).toEqual({ numbers: DEFAULTS, json: false, help: false });
    expect(numbersAndJson(['--rounds', '3', '--big', '0', '--json', '--help'], DEFAULTS)).toEqual({
      numbers: { rounds: 3, big: 0 },
      json: true,
      help: true,
    });
  });

  it.each([
    [['--rounds', 'x'], '--rounds: expected a whole number, not x'],
    [['--rounds', '-1'], /--rounds/],
    [['--fast'], /--fast/],
  ])('%j is refused in a sentence', (args, words) => {
    expect(() => numbersAndJson(args, DEFAULTS)).toThrow(words);
  });
});
