import { describe, expect, it } from 'vitest';
import { figure, median } from './figures.ts';

describe('figures', () => {
  it.each([
    [[], Number.NaN],
    [[3], 3],
    [[10, 2], 6],
    [[9, 1, 5], 5],
  ])('the median of %j is %d', (values, middle) => {
    expect(median(values)).toBe(middle);
  });

  it('are written with the digits that say something', () => {
    expect([0.4242, 3.72, 128.4, -0.5, Number.NaN].map(figure)).toEqual(['0.42', '3.7', '128', '-0.50', '–']);
  });
});
