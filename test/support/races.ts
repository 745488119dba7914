import type { AppendRequest, EventLog } from '../../src/store/store.ts';
import { anEvent } from './test-log.ts';

/** What racers race for: a stream that must be new, or a tag that nobody has yet. */
export type Boundary = 'stream' | 'condition';

/** How often a round was won. */
export type Wins = readonly number[];

/** A request that exactly one racer of a round may get stored. */
export function raceRequest(boundary: Boundary, round: string): AppendRequest {
  return boundary === 'stream'
    ? { events: [anEvent({ stream: round })], expect: [{ stream: round, version: 0 }] }
    : {
        events: [anEvent({ stream: `anywhere-${Math.random()}`, tags: [round] })],
        conditions: [{ tags: [round], after: 0 }],
      };
}

/** Lets racers run against each other, some rounds at a time, and counts the winners of every round. */
export async function race(
  logs: readonly EventLog[],
  racersEach: number,
  rounds: number,
  request: (round: number) => AppendRequest,
  beforeWave: () => Promise<void> = () => Promise.resolve(),
): Promise<Wins> {
  const wins: number[] = [];
  const wave = 50;
  for (let first = 0; first < rounds; first += wave) {
    await beforeWave();
    await Promise.all(
      Array.from({ length: Math.min(wave, rounds - first) }, async (_, n) => {
        const round = first + n;
        const racers = logs.flatMap((log) => Array.from({ length: racersEach }, () => log.append(request(round))));
        const outcomes = await Promise.all(racers);
        wins[round] = outcomes.filter((outcome) => outcome.outcome === 'stored').length;
      }),
    );
  }
  return wins;
}

/** The rounds that did not have exactly one winner. */
export function unfairRounds(wins: Wins): string[] {
  return wins.flatMap((count, round) => (count === 1 ? [] : [`round ${round} had ${count} winners`]));
}

/** Two requests that each look at what the other one writes: at most one of the two may be stored. */
export function skewedPair(boundary: Boundary, round: string): readonly [AppendRequest, AppendRequest] {
  const [x, y] = [`${round}-x`, `${round}-y`];
  const looksAt = (seen: string, written: string): AppendRequest =>
    boundary === 'stream'
      ? { events: [anEvent({ stream: written })], expect: [{ stream: seen, version: 0 }] }
      : { events: [anEvent({ stream: `at-${written}`, tags: [written] })], conditions: [{ tags: [seen], after: 0 }] };
  return [looksAt(x, y), looksAt(y, x)];
}
