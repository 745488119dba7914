import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { race, raceRequest, skewedPair, unfairRounds, type Boundary, type Wins } from '../support/races.ts';
import { inProcesses } from '../support/store-processes.ts';
import { createTestLog, flawsOf, readAll, type TestLog } from '../support/test-log.ts';

const rounds = 1_000;

describe.each<Boundary>(['stream', 'condition'])('I11: of racers for one %s exactly one wins', (boundary) => {
  let shop: TestLog;
  beforeAll(async () => {
    shop = await createTestLog();
  });
  afterAll(async () => {
    expect(flawsOf(await readAll(shop.log))).toEqual([]);
    await shop.drop();
  });
  const request = (where: string) => (round: number) => raceRequest(boundary, `${where}-${round}`);

  test('16 racers in one process and its batches', async () => {
    expect(unfairRounds(await race([shop.log], 16, rounds, request('alone')))).toEqual([]);
  });

  test('16 racers on four logs of one process', async () => {
    const logs = [1, 2, 3, 4].map(() => shop.open());
    expect(unfairRounds(await race(logs, 4, rounds, request('four')))).toEqual([]);
  });

  test('16 racers in four processes', async () => {
    const wins = await inProcesses<Wins>(4, shop.url, { what: 'race', boundary, racers: 4, rounds });
    const sums = Array.from({ length: rounds }, (_, round) => wins.reduce((sum, own) => sum + (own[round] ?? 0), 0));
    expect(unfairRounds(sums)).toEqual([]);
    // Nobody was alone: every process won some.
    for (const own of wins) expect(own.reduce((sum, won) => sum + won, 0)).toBeGreaterThan(0);
  });

  test('of two that each look at what the other writes one is stored, in one batch and over two logs', async () => {
    const other = shop.open();
    const both: string[] = [];
    for (let first = 0; first < rounds; first += 50) {
      await Promise.all(
        Array.from({ length: 50 }, async (_, n) => {
          const round = first + n;
          const [a, b] = skewedPair(boundary, `skew-${round}`);
          const outcomes = await Promise.all([shop.log.append(a), (round % 2 === 0 ? shop.log : other).append(b)]);
          const stored = outcomes.filter((outcome) => outcome.outcome === 'stored').length;
          if (stored !== 1) both.push(`round ${round}: ${stored} stored`);
        }),
      );
    }
    expect(both).toEqual([]);
  });
});
