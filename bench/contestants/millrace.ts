import { randomUUID } from 'node:crypto';
import { migrateSystem } from '../../src/migrate-system.ts';
import type { AppendRequest } from '../../src/store/store.ts';
import { openPostgresLog, type PostgresLog } from '../../src/store/postgres/postgres-log.ts';
import { orderSystem } from '../order-system.ts';
import { sampleEvent, uuidV7 } from '../sample-event.ts';
import type { Contestant } from './contestant.ts';

type Kind = 'plain' | 'key' | 'tag+condition' | 'all';

const does: { readonly [kind in Kind]: string } = {
  plain: 'append of one event to a new stream, group commit, 1 connection',
  key: 'the same with a command key and the answer kept under it',
  'tag+condition': 'the same with a tag and the condition that no event has it, without a key',
  all: 'the same with key, tag and condition',
};

/** Our own side: the log's own append on the shipped schema, the ledger's and the relay's tables included. */
export const millraceContestants: readonly Contestant[] = (['plain', 'key', 'tag+condition', 'all'] as const).map(
  millrace,
);

/** One kind of append. See {@link millraceContestants}. */
export function millrace(kind: Kind): Contestant {
  let log: PostgresLog | undefined;
  return {
    name: kind === 'plain' ? 'millrace' : `millrace+${kind}`,
    does: `Millrace, ${does[kind]}`,
    countSql: `select count(*)::int as events from ${orderSystem.tables.events}`,
    prepare: async (url, another) => {
      await migrateSystem(orderSystem, { eventStoreUrl: url, readModelsUrl: await another() });
      log = openPostgresLog({ url, name: orderSystem.name, names: orderSystem.tables });
    },
    appendOne: async () => {
      if (log === undefined) throw new Error('not prepared');
      const outcome = await log.append(requestOf(kind));
      if (outcome.outcome !== 'stored') throw new Error(`the append was answered with ${outcome.outcome}`);
    },
    close: async () => {
      await log?.close();
    },
  };
}

/** A request that stores one sample event in a stream of its own. */
export function requestOf(kind: Kind): AppendRequest {
  const event = sampleEvent();
  const tagged = kind === 'tag+condition' || kind === 'all';
  const keyed = kind === 'key' || kind === 'all';
  const tags = tagged ? [`order:${event.stream}`] : [];
  return {
    events: [
      {
        id: event.id,
        stream: event.stream,
        type: event.type,
        schemaVersion: 1,
        tags,
        payload: JSON.stringify(event.payload),
        metadata: JSON.stringify(event.metadata),
        occurredAt: event.occurredAt.getTime(),
      },
    ],
    expect: [{ stream: event.stream, version: 0 }],
    ...(tagged ? { conditions: [{ tags, types: [event.type], after: 0 }] } : {}),
    ...(keyed
      ? { keys: [{ key: randomUUID(), requestHash: uuidV7(), answer: '{"answer":{}}', firstEvent: 0, eventCount: 1 }] }
      : {}),
  };
}
