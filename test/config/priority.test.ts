import { expect, it } from 'vitest';
import { effectivePriority } from '../../src/config/priority.ts';

const up = (weight: number) => ({ weight, isDown: false });
const down = (weight: number) => ({ weight, isDown: true });

it.each<[string, number, Parameters<typeof effectivePriority>[1], number]>([
  ['nothing tracked', 100, [], 100],
  ['a negative weight counts while down', 100, [down(-30), up(-20)], 70],
  ['a positive weight counts while up', 100, [up(30), down(20)], 130],
  ['weight 0 never counts', 100, [up(0), down(0)], 100],
  ['never above 254', 100, [up(253)], 254],
  ['never below 1', 100, [down(-253)], 1],
  ['the sum is brought into range, not its parts', 200, [up(100), down(-100)], 200],
  ['the owner stays the owner', 255, [down(-100), up(20)], 255],
])('%s', (_name, base, weighed, expected) => {
  expect(effectivePriority(base, weighed)).toBe(expected);
});
