import { expect, it } from 'vitest';
import { LagWindow } from './lag-window.ts';

it('S040: the lag of a type is the mean over the last minute, and 0 when nothing came', () => {
  const window = new LagWindow();
  expect(window.means(0)).toEqual([]);
  window.add('Made', 100, 1_000);
  window.add('Made', 300, 2_000);
  window.add('Sold', 40, 30_000);
  expect(window.means(30_000)).toEqual([
    ['Made', 200],
    ['Sold', 40],
  ]);
  expect(window.means(70_000)).toEqual([
    ['Made', 0],
    ['Sold', 40],
  ]);
  window.add('Made', 10, 70_000);
  expect(window.means(200_000)).toEqual([
    ['Made', 0],
    ['Sold', 0],
  ]);
});

it('holds a minute however long it runs', () => {
  const window = new LagWindow();
  for (let second = 0; second < 600; second++) window.add('Made', second, second * 1_000);
  const [[, mean] = ['', 0]] = window.means(599_000);
  expect(mean).toBeGreaterThan(540);
  expect(mean).toBeLessThan(600);
});
