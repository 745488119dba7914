import { Client } from 'pg';
import { checkInToUnlimitedQueue } from '../../apps/waiting-room/domain/check-in-unlimited.ts';
import { waitingRoom } from '../../apps/waiting-room/system.ts';
import { startBenchSystem, untilCaughtUp } from '../bench-system.ts';
import { checkInCommand } from '../check-ins.ts';
import type { LagContestant } from '../parts/lag.ts';
import type { PartContext } from '../part.ts';

/**
 * The whole way of an event in one process. The lag is measured at the caller's side of the commit: from the decision
 * to the moment when this process hears that the read model was committed.
 */
export async function millraceLag(context: PartContext, name: string): Promise<LagContestant> {
  const { system, urls } = await startBenchSystem(context, waitingRoom, name);
  const decidedAt = new Map<number, number>();
  const committedAt = new Map<number, number>();
  const lagsMs: number[] = [];
  let committed = 0;
  let sent = 0;
  const settle = (position: number): void => {
    const decided = decidedAt.get(position);
    const done = committedAt.get(position);
    if (decided === undefined || done === undefined) return;
    lagsMs.push(done - decided);
    decidedAt.delete(position);
    committedAt.delete(position);
  };
  const stopListening = system.readModels.onChanged((position) => {
    const now = performance.timeOrigin + performance.now();
    for (let at = committed + 1; at <= position; at += 1) {
      committedAt.set(at, now);
      settle(at);
    }
    committed = Math.max(committed, position);
  });
  return {
    send: async () => {
      const command = checkInCommand((sent += 1), `queue-${sent % 8}`);
      const { events, position } = await system.execute(checkInToUnlimitedQueue, command);
      const decided = events[0]?.occurredAt;
      if (decided === undefined) throw new Error('a check-in made no event');
      decidedAt.set(position, decided);
      settle(position);
    },
    finish: async (count) => {
      await untilCaughtUp(system);
      const ledger = await waitForLedger(urls.eventStoreUrl, count);
      const rows = await system.readModels.query<{ visits: number }>('select count(*)::int as visits from visits_view');
      const complete = ledger.whole === count && ledger.rows === count && rows[0]?.visits === count;
      return {
        lagsMs,
        complete,
        ledger: { p50Ms: ledger.p50, p99Ms: ledger.p99, rows: ledger.rows, whole: ledger.whole },
      };
    },
    close: async () => {
      stopListening();
      await system.stop();
    },
  };
}

interface Ledger {
  readonly rows: number;
  readonly whole: number;
  readonly p50: number;
  readonly p99: number;
}

/** The ledger follows within a second; a row is whole when every stage has its stamp and the parts add up. */
async function waitForLedger(url: string, count: number): Promise<Ledger> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    const limit = performance.now() + 10_000;
    for (;;) {
      const result = await client.query<Ledger>(
        `select count(*)::int as rows,
           count(*) filter (where status = 'PROCESSED' and event_published_at is not null and event_received_at is not null
             and abs(outbox_wait_ms + outbox_dispatch_duration_ms + transit_ms + projection_processing_duration_ms - total_lag_ms) < 0.01)::int as whole,
           percentile_cont(0.5) within group (order by total_lag_ms) as p50,
           percentile_cont(0.99) within group (order by total_lag_ms) as p99
         from event_processing_lag`,
      );
      const ledger = result.rows[0];
      if (ledger !== undefined && (ledger.whole >= count || performance.now() > limit)) return ledger;
      await new Promise((resolve) => {
        setTimeout(resolve, 200);
      });
    }
  } finally {
    await client.end();
  }
}
