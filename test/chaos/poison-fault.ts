import { waitingRoom } from '../../apps/waiting-room/system.ts';
import { buildSchema } from '../../src/projections/builds.ts';
import type { Fault, Scene } from './fault.ts';
import type { Stage } from './stage.ts';
import { waitFor } from './wait-for.ts';

/** A check-in with these notes is refused by a read model whose handler is broken. */
export const markedNotes = 'poison';
const constraint = 'chaos_poison';

interface Letters {
  readonly count: number;
  readonly deadLetters: readonly { readonly id: number; readonly orderingKey: string; readonly status: string }[];
}

/**
 * Events that the read model refuses, for a reason that goes away: a constraint on its table stands for a broken
 * handler. Their keys are parked and no other; when the reason is gone, a retry brings them in, in order.
 */
const poison: Fault = {
  name: 'poison-event',
  stage: 'plain',
  needs: [],
  refusesNothing: true,
  seconds: 8,
  async play(scene) {
    const { stage, load } = scene;
    await breakHandler(stage);
    const poisoned: string[] = [];
    try {
      for (let sent = 0; sent < 3; sent += 1) {
        const outcome = await load.sendNow((n) => ({
          n,
          kind: 'check-in',
          path: '/api/waiting-room/check-in',
          body: { queueId: 'queue-1', patientName: 'Marked', consultationType: 'General', notes: markedNotes },
        }));
        if (outcome.state === 'accepted') poisoned.push(outcome.visitId);
      }
      await waitFor(
        'the marked events are parked',
        async () => {
          const { deadLetters } = await letters(stage.apiUrls);
          return poisoned.every((visit) => deadLetters.some((letter) => letter.orderingKey === visit));
        },
        { withinMs: 20_000, signal: scene.signal },
      );
      const { deadLetters } = await letters(stage.apiUrls);
      for (const { orderingKey } of deadLetters) {
        if (!poisoned.includes(orderingKey)) scene.violated(`${orderingKey} is parked, and holds nothing marked`);
      }
      scene.measured('others flow on', await othersFlow(scene));
    } finally {
      await mendHandler(stage);
    }
    await waitFor('everything parked is applied', () => retryAll(stage.apiUrls), {
      withinMs: 30_000,
      signal: scene.signal,
    });
  },
};

/** The live read model refuses marked events from now on: what a broken handler looks like from outside. */
export async function breakHandler(stage: Stage): Promise<void> {
  const refuse = `add constraint ${constraint} check (notes is distinct from '${markedNotes}') not valid`;
  await must(stage, `alter table ${await liveSchema(stage)}.visits ${refuse}`);
}

export async function mendHandler(stage: Stage): Promise<void> {
  await must(stage, `alter table ${await liveSchema(stage)}.visits drop constraint if exists ${constraint}`);
}

async function liveSchema(stage: Stage): Promise<string> {
  const [projection] = waitingRoom.projections;
  const rows = await stage.askReadModels<{ generation: number }>(
    `select generation from projection_builds where projection_id = $1 and state = 'live'`,
    [projection?.id],
  );
  return buildSchema(projection?.id ?? '', rows?.[0]?.generation ?? 1);
}

async function must(stage: Stage, sql: string): Promise<void> {
  for (let attempt = 1; attempt <= 10; attempt += 1) if ((await stage.askReadModels(sql)) !== undefined) return;
  throw new Error(`The read models did not take: ${sql}`);
}

/** A visit without a mark is in effect although others are parked; gives how long that took. */
async function othersFlow({ stage, load, signal }: Scene): Promise<number> {
  const position = load.highestPosition;
  const [projection] = waitingRoom.projections;
  return waitFor(
    'the other keys flow on',
    async () => {
      const rows = await stage.askReadModels<{ position: string }>(
        `select position from projection_builds where projection_id = $1 and state = 'live'`,
        [projection?.id],
      );
      return Number(rows?.[0]?.position ?? 0) >= position;
    },
    { withinMs: 10_000, signal },
  );
}

async function letters(urls: readonly string[]): Promise<Letters> {
  const response = await fetch(`${urls[0]}/api/dead-letters?open=true&limit=1000`);
  return (await response.json()) as Letters;
}

/** True when nothing is parked any more. */
async function retryAll(urls: readonly string[]): Promise<boolean> {
  const { count, deadLetters } = await letters(urls);
  for (const { id, status } of deadLetters) {
    if (status !== 'failed') continue;
    await fetch(`${urls[0]}/api/dead-letters/${id}/retry`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{}',
    });
  }
  return count === 0;
}

export const poisonFaults: readonly Fault[] = [poison];
