import { randomUUID } from 'node:crypto';
import { Client, type QueryResultRow } from 'pg';
import { newEventId } from '../../src/events/event-id.ts';
import type { RecordedEvent } from '../../src/events/envelope.ts';
import { migrateLog } from '../../src/store/postgres/migrate.ts';
import { openPostgresLog, type PostgresLog, type PostgresLogOptions } from '../../src/store/postgres/postgres-log.ts';
import type { AppendOutcome, CommandKey, EventLog, EventToAppend } from '../../src/store/store.ts';
import { createTestDatabase } from './test-database.ts';

/** The table names of the logs in these tests. */
export const testNames = { events: 'shop_events', outbox: 'shop_outbox' };

/** A prepared database with one log, and everything that a test opened on it, closed by `drop`. */
export interface TestLog {
  readonly url: string;
  readonly log: PostgresLog;
  /** Opens one more log on the same database, as another process would. */
  open(options?: Partial<PostgresLogOptions>): PostgresLog;
  sql<Row extends QueryResultRow>(text: string, values?: readonly unknown[]): Promise<Row[]>;
  /** A plain connection for holding transactions open. */
  connect(): Promise<Client>;
  drop(): Promise<void>;
}

export async function createTestLog(options: Partial<PostgresLogOptions> = {}): Promise<TestLog> {
  const database = await createTestDatabase();
  await migrateLog(database.url, 'shop', testNames);
  return useTestLog(database.url, options, () => database.drop());
}

/** The same on a database that is there already. */
export function useTestLog(
  url: string,
  options: Partial<PostgresLogOptions> = {},
  drop: () => Promise<void> = () => Promise.resolve(),
): TestLog {
  const logs: PostgresLog[] = [];
  const clients: Client[] = [];
  const open = (more: Partial<PostgresLogOptions> = {}): PostgresLog => {
    const log = openPostgresLog({ url, name: 'shop', names: testNames, ...options, ...more });
    logs.push(log);
    return log;
  };
  const connect = async (): Promise<Client> => {
    const client = new Client({ connectionString: url });
    client.on('error', () => undefined);
    await client.connect();
    clients.push(client);
    return client;
  };
  let admin: Promise<Client> | undefined;
  return {
    url,
    log: open(),
    open,
    connect,
    sql: async <Row extends QueryResultRow>(text: string, values: readonly unknown[] = []) => {
      const client = await (admin ??= connect());
      return (await client.query<Row>(text, [...values])).rows;
    },
    drop: async () => {
      await Promise.all(logs.map((log) => log.close()));
      await Promise.all(clients.map((client) => client.end().catch(() => undefined)));
      await drop();
    },
  };
}

/** An event to append, with something for everything that is not said. */
export function anEvent(event: Partial<EventToAppend> = {}): EventToAppend {
  return {
    id: newEventId(),
    stream: 'cart-1',
    type: 'ItemAdded',
    schemaVersion: 1,
    tags: [],
    payload: '{}',
    metadata: '{"correlationId":"c","actor":"anonymous"}',
    occurredAt: Date.UTC(2026, 0, 1),
    ...event,
  };
}

export function aKey(key: Partial<CommandKey> = {}): CommandKey {
  return { key: randomUUID(), requestHash: randomUUID(), answer: '{"ok":true}', firstEvent: 0, eventCount: 0, ...key };
}

/** The events of an outcome that must be `stored`. */
export function storedOf(outcome: AppendOutcome): readonly RecordedEvent[] {
  if (outcome.outcome !== 'stored') throw new Error(`not stored: ${JSON.stringify(outcome)}`);
  return outcome.events;
}

/** Every event of a log, read page by page. */
export async function readAll(log: EventLog, limit = 1000): Promise<RecordedEvent[]> {
  const events: RecordedEvent[] = [];
  for (;;) {
    const page = await log.read({ after: events.at(-1)?.position ?? 0, limit });
    events.push(...page);
    if (page.length < limit) return events;
  }
}

/** What breaks the rules of a log, in words: gaps, positions out of order, versions with holes, ids that stand twice. */
export function flawsOf(events: readonly RecordedEvent[]): string[] {
  const flaws: string[] = [];
  const versions = new Map<string, number>();
  const ids = new Set<string>();
  events.forEach((event, index) => {
    if (event.position !== index + 1) flaws.push(`position ${event.position} stands at place ${index + 1}`);
    const version = (versions.get(event.stream) ?? 0) + 1;
    if (event.version !== version) flaws.push(`${event.stream} has version ${event.version} after ${version - 1}`);
    versions.set(event.stream, event.version);
    if (ids.has(event.id)) flaws.push(`event ${event.id} is stored twice`);
    ids.add(event.id);
  });
  return flaws;
}
