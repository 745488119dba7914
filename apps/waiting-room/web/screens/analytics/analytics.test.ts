import fc from 'fast-check';
import { expect, test } from 'vitest';
import { csvOf } from './csv.ts';
import { ticksOf } from './scale.ts';
import { rangeOf, summaryOf } from './summary.ts';
import { analyticsWords } from './words.ts';

test('text with commas, quotes and lines stays one cell, and no cell is a formula', () => {
  expect(
    csvOf([
      ['a,b', 'say "x"', 'two\nlines', null, 3],
      ['=1+1', '-2', '@x', -2],
    ]),
  ).toBe('\uFEFF"a,b","say ""x""","two\nlines",,3\r\n\'=1+1,\'-2,\'@x,-2\r\n');
});

test('an axis begins at 0, holds the highest value, and has a few round marks', () => {
  expect(ticksOf(47)).toEqual([0, 20, 40, 60]);
  expect(ticksOf(0)).toEqual(ticksOf(1));
  fc.assert(
    fc.property(fc.double({ min: 0.001, max: 1e6, noNaN: true }), (most) => {
      const ticks = ticksOf(most);
      expect(ticks[0]).toBe(0);
      expect(ticks.at(-1) ?? 0).toBeGreaterThanOrEqual(most * (1 - 1e-5));
      expect(ticks.length).toBeGreaterThan(2);
      expect(ticks.length).toBeLessThan(7);
    }),
  );
});

test('days are asked from their beginning to their end, 31 at most, and not backwards', () => {
  expect(rangeOf('2026-01-10', '2026-01-10')).toEqual({
    from: new Date('2026-01-10T00:00:00').toISOString(),
    to: new Date('2026-01-11T00:00:00').toISOString(),
  });
  expect(rangeOf('2026-01-01', '2026-01-31')).toBeDefined();
  expect(rangeOf('2026-01-01', '2026-02-01')).toBeUndefined();
  expect(rangeOf('2026-01-02', '2026-01-01')).toBeUndefined();
  expect(rangeOf('', '2026-01-01')).toBeUndefined();
  // Whatever the clocks of the reader's zone do.
  for (const month of ['2026-03', '2026-10']) {
    expect(rangeOf(`${month}-01`, `${month}-31`)).toBeDefined();
    expect(rangeOf(`${month}-01`, `${month.replace('03', '04').replace('10', '11')}-01`)).toBeUndefined();
  }
});

test('priorities stand in the order of urgency, and what is not known stays unknown', () => {
  const { priorities, all } = summaryOf({
    all: { arrivals: 2, waiting: { p50Ms: 5 } },
    byPriority: [{ priority: 'Low' }, { priority: 'Urgent' }],
  });
  expect(priorities.map(({ key }) => key)).toEqual(['Urgent', 'Low']);
  expect(all).toMatchObject({ arrivals: 2, waitP50: 5, waitP90: null, noShowRate: null });
});

test('both languages have every word', () => {
  expect(Object.keys(analyticsWords.es)).toEqual(Object.keys(analyticsWords.en));
});
