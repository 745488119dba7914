import type pg from 'pg';
import { stampStatement, type StampRun } from '../consumers/batch.ts';
import { wallClock } from '../events/wall-clock.ts';

/** What a rebuild tells the lag ledger at the swap. Only the rebuild of the primary projection has one. */
export class RebuildLedger {
  readonly #projection: string;
  /** When the events were applied here, for a ledger that does not know them. */
  #runs: StampRun[] = [];

  constructor(projection: string) {
    this.#projection = projection;
  }

  readonly add = (runs: readonly StampRun[]): void => {
    for (const run of runs) this.#runs.push(run);
  };

  /** What was noted behind that position did not commit. */
  beginAgainAt(position: number): void {
    this.#runs = this.#runs.filter((run) => run.last <= position);
  }

  /**
   * Events that were parked in the live build and are not any more. After a restore the ledger may lack anything, so it
   * is told everything; what it knows it passes over. Before the builds change places.
   */
  async write(client: pg.Client, generation: number, restored: boolean): Promise<void> {
    if (restored) await client.query('delete from lag_stamps where projection_id = $1', [this.#projection]);
    const runs = restored ? this.#runs : await this.#mended(client, generation);
    for (let at = 0; at < runs.length; at += 1000) {
      await client.query(stampStatement(this.#projection, runs.slice(at, at + 1000), wallClock()));
    }
  }

  async #mended(client: pg.Client, generation: number): Promise<StampRun[]> {
    const parked = await client.query<{ position: string; event_id: string; now_parked: string | null }>(
      `select d.position, d.event_id, n.status as now_parked from dead_letters d
       join projection_builds b on b.projection_id = d.projection_id and b.generation = d.generation and b.state = 'live'
       left join dead_letters n on n.projection_id = d.projection_id and n.generation = $2 and n.position = d.position
       where d.projection_id = $1 and d.status in ('failed', 'waiting') order by d.position`,
      [this.#projection, generation],
    );
    return parked.rows.map((row) => {
      const position = Number(row.position);
      const run = this.#runs.find((one) => one.first <= position && position <= one.last);
      const place = { first: position, last: position, lastEvent: row.event_id };
      if (run !== undefined) return { ...run, ...place };
      // Applied before this process took the rebuild over: when exactly, nobody knows any more.
      const status = row.now_parked === null ? 'PROCESSED' : row.now_parked === 'failed' ? 'FAILED' : 'PUBLISHED';
      return { handedAt: undefined, receivedAt: wallClock(), status, ...place };
    });
  }
}
