import { Query, Tags } from '@dcb-es/event-store';
import { PostgresEventStore } from '@dcb-es/event-store-postgres';
import { Pool } from 'pg';
import { sampleEvent } from '../sample-event.ts';
import { betweenTurns, type Contestant } from './contestant.ts';

/** Tried in turn on two cores: 2 and 64 connections were slower, 4 to 32 differed by less than the rounds did. */
const fairPoolSize = 16;

/**
 * The event store for dynamic consistency boundaries, one event per `append`. The stream is a tag, as its guide has
 * it; with a condition, the append refuses when an event of the type with this tag exists, which is what its
 * `buildDecisionModel` asks for after it read nothing.
 */
export function dcbEs(condition: 'without condition' | 'with condition', poolSize = fairPoolSize): Contestant {
  let pool: Pool | undefined;
  let store: PostgresEventStore | undefined;
  return {
    name: condition === 'with condition' ? 'dcb-es+condition' : 'dcb-es',
    does: `@dcb-es/event-store-postgres 7.0.1, append of one tagged event ${condition}, ${poolSize} connections`,
    countSql: 'select count(*)::int as events from events',
    prepare: async (url) => {
      pool = new Pool({ connectionString: url, max: poolSize, idleTimeoutMillis: betweenTurns });
      store = new PostgresEventStore({ pool });
      await store.ensureInstalled();
    },
    appendOne: async () => {
      const event = sampleEvent();
      const tags = Tags.fromObj({ order: event.stream });
      const stored = { type: event.type, tags, data: event.payload, metadata: event.metadata };
      if (condition === 'without condition') await store?.append({ events: stored });
      else {
        const failIfEventsMatch = Query.fromItems([{ types: [event.type], tags }]);
        await store?.append({ events: stored, condition: { failIfEventsMatch } });
      }
    },
    close: async () => {
      await pool?.end();
    },
  };
}
