import type pg from 'pg';
import { arrive, type Arrival, type StampRun } from '../consumers/batch.ts';
import { BuildApplier } from '../consumers/build-applier.ts';
import { transact, type Scope } from '../consumers/transact.ts';
import { MillraceError } from '../errors.ts';
import type { RecordedEvent } from '../events/envelope.ts';
import { wallClock } from '../events/wall-clock.ts';
import { buildOf, type Build } from '../projections/builds.ts';
import type { BuildParts } from './build-parts.ts';

/** Events that are read and applied at once. */
const pageSize = 4000;

/** Applies the log, page by page, to one build that is not live. No snapshot of the event store is held. */
export class BuildFollower {
  readonly #parts: BuildParts;
  readonly #client: pg.Client;
  readonly #applier: BuildApplier;

  private constructor(parts: BuildParts, client: pg.Client, applier: BuildApplier) {
    this.#parts = parts;
    this.#client = client;
    this.#applier = applier;
  }

  /**
   * Goes on from where the database has the build; undefined when it is gone. `lock` holds its row until the end of the
   * transaction. `onStamps` hears when events were applied.
   */
  static async open(
    parts: BuildParts,
    client: pg.Client,
    generation: number,
    options: { readonly lock?: boolean; readonly onStamps?: (runs: readonly StampRun[]) => void } = {},
  ): Promise<BuildFollower | undefined> {
    const { definition, log } = parts;
    const build = await buildOf(client, definition.id, generation, options.lock ?? false);
    if (build === undefined) return undefined;
    const [head, discarded, parked] = await Promise.all([
      log.head(),
      client.query<{ position: string; event_id: string }>(
        `select distinct position, event_id from dead_letters where projection_id = $1 and status = 'discarded'`,
        [definition.id],
      ),
      client.query<{ ordering_key: string }>(
        `select distinct ordering_key from dead_letters where projection_id = $1 and generation = $2 and status in ('failed', 'waiting')`,
        [definition.id, generation],
      ),
    ]);
    const applier = new BuildApplier({
      definition,
      build,
      incarnation: head.incarnation,
      parkedKeys: parked.rows.map((row) => row.ordering_key),
      discarded: new Map(discarded.rows.map((row) => [Number(row.position), row.event_id])),
      stamps: false,
      ...(parts.retrySchedule === undefined ? {} : { retrySchedule: parts.retrySchedule }),
      ...(options.onStamps === undefined ? {} : { onStamps: options.onStamps }),
    });
    return new BuildFollower(parts, client, applier);
  }

  get build(): Build {
    return this.#applier.build;
  }

  get position(): number {
    return this.#applier.position;
  }

  /**
   * Applies everything up to `target`. `onPage` is awaited before each page, and may end it by throwing. Throws
   * LOG_RESTORED when the log ends before.
   */
  async follow(target: number, onPage: () => void | Promise<void>, scope: Scope = transact): Promise<void> {
    if (this.position >= target) return;
    let next = this.#page(this.position, target);
    while (this.position < target) {
      await onPage();
      const events = await next;
      const last = events.at(-1);
      if (last === undefined) throw new MillraceError('LOG_RESTORED', 'The log ends before the live read model.');
      // The next page is read while this one is written.
      next = last.position < target ? this.#page(last.position, target) : Promise.resolve([]);
      next.catch(() => undefined);
      await this.#applier.apply(this.#client, this.#arrivals(events), scope);
    }
  }

  async #page(after: number, upTo: number): Promise<readonly RecordedEvent[]> {
    const page = this.#parts.log.read({ after, upTo, limit: pageSize });
    // Whoever ends the work meanwhile does not wait for it.
    page.catch(() => undefined);
    return page;
  }

  #arrivals(events: readonly RecordedEvent[]): Arrival[] {
    const now = wallClock();
    return events.map((event) => arrive(this.#parts.registry, event, undefined, now));
  }
}
