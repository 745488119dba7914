import pg from 'pg';
import { EventRegistry } from '../../src/events/codec.ts';
import type { EventMetadata } from '../../src/events/envelope.ts';
import { openPostgresLog, type PostgresLog } from '../../src/store/postgres/postgres-log.ts';
import type { SystemDefinition } from '../../src/system.ts';
import { compareReadModel } from './compare-read-model.ts';
import { FreshFold } from './fresh-fold.ts';
import type { LoadJournal, Outcome } from './persistent-load.ts';

/** What a round came to. Everything but the first line must be 0. */
export interface Verdict {
  readonly accepted: number;
  readonly refused: number;
  /** Without an answer until the end, and how many of those are stored, which is right. */
  readonly unknown: number;
  readonly unknownStored: number;
  readonly events: number;
  /** Accepted and not in the log, or in the log and not in a read model. */
  readonly lost: number;
  /** Stored, or in effect, more than once; a total that is not the sum of its rows. */
  readonly doubled: number;
  /** At another position than was answered, a version or a position out of turn, or a row that an older event wrote last. */
  readonly reordered: number;
  /** Refused and stored all the same, or of no command that was sent. */
  readonly strangers: number;
  /** Events without a complete ledger row whose parts add up. */
  readonly unfinished: number;
  /** The relay's cursor or a projection did not reach the head in time. */
  readonly notDrained: number;
  readonly examples: readonly string[];
}

const pageSize = 5_000;
const shownExamples = 12;
/** What a difference between read model and fold is called on the scorecard. */
const countedAs = { missing: 'lost', unexpected: 'doubled', different: 'reordered', miscounted: 'doubled' } as const;
/** Between the parts' sum and the total, in milliseconds: what floating point makes of it. */
const rounding = 0.01;

interface LedgerRow {
  readonly position: string;
  readonly event_id: string;
  readonly status: string;
  readonly total: number | null;
  readonly parts: number | null;
  readonly smallest: number | null;
}

/**
 * Compares, from outside and with code of its own, what callers were told with the log, the outbox, the ledger and
 * every read model. It keeps its folds between rounds, so a round costs what it added.
 */
export class Conservation {
  readonly #definition: SystemDefinition;
  readonly #log: PostgresLog;
  readonly #registry: EventRegistry;
  readonly #eventStore: pg.Pool;
  readonly #readModels: pg.Pool;
  readonly #folds: readonly FreshFold[];
  readonly #versions = new Map<string, number>();
  #position = 0;

  constructor(definition: SystemDefinition, urls: { readonly eventStoreUrl: string; readonly readModelsUrl: string }) {
    this.#definition = definition;
    this.#log = openPostgresLog({ url: urls.eventStoreUrl, name: definition.name, names: definition.tables });
    this.#registry = new EventRegistry(definition.name, definition.events);
    this.#eventStore = new pg.Pool({ connectionString: urls.eventStoreUrl, max: 2 });
    this.#readModels = new pg.Pool({ connectionString: urls.readModelsUrl, max: 2 });
    for (const pool of [this.#eventStore, this.#readModels]) pool.on('error', () => undefined);
    this.#folds = definition.projections.map((projection) => new FreshFold(projection));
  }

  /** Up to where the log was checked. */
  get position(): number {
    return this.#position;
  }

  async close(): Promise<void> {
    await Promise.all([this.#log.close(), this.#eventStore.end(), this.#readModels.end()]);
  }

  /** What is still under way; empty when everything is where it belongs. */
  async underWay(): Promise<string[]> {
    const { position: head } = await this.#log.head();
    const { rows: cursors } = await this.#eventStore.query<{ destination: string; position: string }>(
      'select destination, position from relay_cursors',
    );
    const { rows: builds } = await this.#readModels.query<{ projection_id: string; position: string }>(
      `select projection_id, position from projection_builds where state = 'live'`,
    );
    const { rows: ledger } = await this.#eventStore.query<{ position: string }>('select position from lag_cursor');
    const found: string[] = [];
    for (const { destination, position } of cursors) {
      if (Number(position) < head) found.push(`cursor of ${destination} at ${position} of ${head}`);
    }
    if (cursors.length === 0 && head > 0) found.push('no cursor');
    for (const { projection_id: id, position } of builds) {
      if (Number(position) < head) found.push(`projection ${id} at ${position} of ${head}`);
    }
    if (Number(ledger[0]?.position ?? 0) < head) found.push(`ledger at ${ledger[0]?.position} of ${head}`);
    return found;
  }

  /** Checks everything behind the last check. `whole`: compares all rows of the read models, not only the new ones. */
  async check(journals: readonly LoadJournal[], whole: boolean): Promise<Verdict> {
    const after = this.#position;
    const counts = { lost: 0, doubled: 0, reordered: 0, strangers: 0, unfinished: 0, notDrained: 0 };
    const examples: string[] = [];
    const tell = (kind: keyof typeof counts, text: string) => {
      counts[kind] += 1;
      if (examples.length < shownExamples) examples.push(`${kind}: ${text}`);
    };
    for (const text of await this.underWay()) tell('notDrained', text);
    const stored = await this.#readLog(journals, tell);
    let [accepted, refused, unknown, unknownStored] = [0, 0, 0, 0];
    const outcomes = journals.flatMap(({ prefix, outcomes: own }) =>
      [...own].map(([n, outcome]) => [`${prefix}${n}`, outcome] as const),
    );
    for (const [n, outcome] of outcomes) {
      const positions = stored.get(n) ?? [];
      if (positions.length > 1) tell('doubled', `command ${n} is stored at ${positions.join(', ')}`);
      if (outcome.state === 'accepted') {
        accepted += 1;
        checkAccepted(n, outcome, positions, tell);
      } else if (outcome.state === 'refused') {
        refused += 1;
        if (positions.length > 0) tell('strangers', `command ${n} was refused (${outcome.code}) and is stored`);
      } else {
        unknown += 1;
        unknownStored += positions.length > 0 ? 1 : 0;
      }
    }
    await this.#checkOutbox(tell);
    await this.#checkLedger(whole ? 0 : after, tell);
    for (const fold of this.#folds) {
      for (const { kind, text } of await compareReadModel(this.#readModels, fold, whole ? 0 : after)) {
        tell(countedAs[kind], text);
      }
    }
    const events = this.#position - after;
    return { accepted, refused, unknown, unknownStored, events, ...counts, examples };
  }

  async #readLog(
    journals: readonly LoadJournal[],
    tell: (kind: 'reordered' | 'strangers', text: string) => void,
  ): Promise<ReadonlyMap<string, readonly number[]>> {
    const sent = new Set(journals.flatMap(({ prefix, commands }) => [...commands.keys()].map((n) => `${prefix}${n}`)));
    const stored = new Map<string, number[]>();
    for (;;) {
      const page = await this.#log.read({ after: this.#position, limit: pageSize });
      for (const event of page) {
        if (event.position !== this.#position + 1) tell('reordered', `${event.position} follows ${this.#position}`);
        this.#position = event.position;
        const version = (this.#versions.get(event.stream) ?? 0) + 1;
        if (event.version !== version)
          tell('reordered', `${event.stream} has version ${event.version} after ${version - 1}`);
        this.#versions.set(event.stream, event.version);
        const { correlationId } = JSON.parse(event.metadata) as EventMetadata;
        if (sent.has(correlationId)) stored.set(correlationId, [...(stored.get(correlationId) ?? []), event.position]);
        else tell('strangers', `position ${event.position} (${correlationId}) is of no command that was sent`);
        const decoded = this.#registry.decode(event);
        for (const fold of this.#folds) fold.add(decoded);
      }
      if (page.length < pageSize) return stored;
    }
  }

  async #checkOutbox(tell: (kind: 'lost', text: string) => void): Promise<void> {
    const { events, outbox } = this.#definition.tables;
    const { rows } = await this.#eventStore.query<{ unpublished: string; stored: string; last: string }>(
      `select (select count(*) from ${outbox} where not published) as unpublished,
         (select count(*) from ${events}) as stored, (select coalesce(max(position), 0) from ${events}) as last`,
    );
    const [row] = rows;
    if (row === undefined) return;
    if (Number(row.unpublished) > 0) tell('lost', `${row.unpublished} events are not published`);
    if (row.stored !== row.last) tell('lost', `${row.stored} events are stored and the last position is ${row.last}`);
  }

  async #checkLedger(after: number, tell: (kind: 'unfinished' | 'doubled', text: string) => void): Promise<void> {
    const { rows } = await this.#eventStore.query<LedgerRow>(
      `select position, event_id, status, total_lag_ms as total,
         outbox_wait_ms + outbox_dispatch_duration_ms + transit_ms + projection_processing_duration_ms as parts,
         least(outbox_wait_ms, outbox_dispatch_duration_ms, transit_ms, projection_processing_duration_ms) as smallest
       from event_processing_lag where position > $1 order by position`,
      [after],
    );
    let last = after;
    for (const { position, status, total, parts, smallest } of rows) {
      const place = Number(position);
      if (place === last) tell('doubled', `position ${place} has two ledger rows`);
      for (let missing = last + 1; missing < place; missing += 1)
        tell('unfinished', `position ${missing} has no ledger row`);
      last = place;
      if (status !== 'PROCESSED' || total === null || parts === null) {
        tell('unfinished', `position ${place} is ${status} with total ${total} and parts ${parts}`);
      } else if (Math.abs(total - parts) > rounding || (smallest ?? 0) < 0) {
        tell('unfinished', `position ${place} has total ${total} and parts ${parts}, the smallest ${smallest}`);
      }
    }
    for (let missing = last + 1; missing <= this.#position; missing += 1) {
      tell('unfinished', `position ${missing} has no ledger row`);
    }
  }
}

function checkAccepted(
  n: string,
  outcome: Extract<Outcome, { state: 'accepted' }>,
  positions: readonly number[],
  tell: (kind: 'lost' | 'reordered', text: string) => void,
): void {
  const [position] = positions;
  if (position === undefined) tell('lost', `command ${n} was accepted at ${outcome.position} and is not in the log`);
  else if (position !== outcome.position) {
    tell('reordered', `command ${n} was answered ${outcome.position} and is at ${position}`);
  }
}
