import { readFileSync } from 'node:fs';
import type { QueryConfig } from 'pg';
import type { RecordedEvent } from '../../events/envelope.ts';
import { MillraceError } from '../../errors.ts';
import type { EventQuery } from '../store.ts';
import { int4Array, int8Array, textArray, uuidArray } from '../../postgres/binary-arrays.ts';
import { fillNames, type LogNames } from '../../postgres/log-names.ts';

/** A row of {@link LogStatements} that reads events; see `columns`. */
export interface EventRow {
  readonly event_id: string;
  readonly position: string;
  readonly aggregate_id: string;
  readonly version: string;
  readonly event_name: string;
  readonly schema_version: number;
  readonly tags: string | null;
  readonly payload: string;
  readonly metadata: string;
  readonly occurred_at: number;
  readonly asked?: number;
}

const separator = '\u001f';

/** Everything that the log says to PostgreSQL, with the application's table names filled in. */
export class LogStatements {
  readonly names: LogNames;
  readonly #columns: string;

  /** Throws DEFINITION_INVALID when a name cannot be a table's name as it stands. */
  constructor(names: LogNames) {
    for (const name of [names.events, names.outbox]) {
      if (!/^[a-z_][a-z0-9_]{0,39}$/.test(name)) {
        throw new MillraceError(
          'DEFINITION_INVALID',
          `The table name ${JSON.stringify(name)} is not lower case letters, digits and underscores.`,
        );
      }
    }
    this.names = names;
    this.#columns = `e.event_id, e.position, e.aggregate_id, e.version, e.event_name, e.schema_version,
      array_to_string(e.tags, E'\\x1f') as tags, e.payload::text as payload, e.metadata::text as metadata,
      (extract(epoch from e.occurred_at) * 1000)::float8 as occurred_at`;
  }

  /** The text of an SQL file beside this one, with the names filled in. */
  file(name: string): string {
    return fillNames(readFileSync(new URL(`./${name}`, import.meta.url), 'utf8'), this.names);
  }

  append(parameters: readonly Buffer[]): QueryConfig {
    const places = parameters.map((_, index) => `$${index + 1}`).join(', ');
    return { name: 'append', text: `select * from millrace_append(${places})`, values: [...parameters] };
  }

  read(after: number, upTo: number, limit: number): QueryConfig {
    return {
      name: 'read',
      text: `select ${this.#columns} from ${this.names.events} e
        where e.position > $1 and e.position <= $2 order by e.position limit $3`,
      values: [after, upTo, limit],
    };
  }

  /** The events of any of the queries, each once. Every query gives at most `limit`, so that a page costs a page. */
  query(queries: readonly EventQuery[], after: number, upTo: number, limit: number): QueryConfig {
    const once = queries.length > 1 ? 'distinct on (e.position) ' : '';
    return {
      name: queries.length > 1 ? 'query' : 'query-one',
      text: `select ${once}${this.#columns} ${this.#asked(
        'and s.position + 0 <= $8 order by s.version limit $9',
        'and t.position <= $8 order by t.position limit $9',
      )} order by e.position limit $9`,
      values: [...askedParameters([{ queries, after }]), upTo, limit],
    };
  }

  /** Several sets of queries at once; `asked` says which set a row answers, counted from 0. */
  queryMany(sets: readonly { readonly queries: readonly EventQuery[]; readonly after: number }[]): QueryConfig {
    return {
      name: 'query-many',
      text: `select q.asked, ${this.#columns} ${this.#asked('', '')} order by q.asked, e.position`,
      values: askedParameters(sets),
    };
  }

  /**
   * `position + 0` keeps the primary key out of the search for a stream's events: a plan that puts the two indexes
   * together reads the positions of the whole log to find a few events.
   */
  #asked(endOfStream: string, endOfTag: string): string {
    return `from unnest($1::integer[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::bigint[])
           as q(asked, stream, tag, more, types, after_version, after)
      cross join lateral (
        (select s.* from ${this.names.events} s
        where q.stream is not null and s.aggregate_id = q.stream and s.version > q.after_version
          and s.position + 0 > q.after ${endOfStream})
        union all
        (select s.* from event_tags t join ${this.names.events} s on s.position = t.position
        where q.stream is null and t.tag = q.tag and t.position > q.after
          and (q.types is null or t.event_name = any (string_to_array(q.types, E'\\x1f')))
          and (q.more is null or s.tags @> string_to_array(q.more, E'\\x1f')) ${endOfTag})
      ) e`;
  }

  eventsById(ids: readonly string[]): QueryConfig {
    return {
      name: 'events-by-id',
      text: `select ${this.#columns} from ${this.names.events} e where e.event_id = any ($1)`,
      values: [uuidArray(ids)],
    };
  }

  head(): QueryConfig {
    return {
      name: 'head',
      text: `select i.incarnation, e.position, e.event_id from log_info i
        left join lateral (select position, event_id from ${this.names.events} order by position desc limit 1) e on true`,
    };
  }

  findKeys(keys: readonly string[]): QueryConfig {
    return {
      name: 'find-keys',
      text: `select key, request_hash as "requestHash", answer::text as answer, first_position as position,
        event_count as "eventCount" from command_keys where key = any ($1)`,
      values: [uuidArray(keys)],
    };
  }

  toEvent(row: EventRow): RecordedEvent {
    return {
      id: row.event_id,
      position: Number(row.position),
      stream: row.aggregate_id,
      version: Number(row.version),
      type: row.event_name,
      schemaVersion: row.schema_version,
      tags: row.tags === null || row.tags === '' ? noTags : row.tags.split(separator),
      payload: row.payload,
      metadata: row.metadata,
      occurredAt: row.occurred_at,
    };
  }
}

const noTags: readonly string[] = [];

function askedParameters(
  sets: readonly { readonly queries: readonly EventQuery[]; readonly after: number }[],
): Buffer[] {
  const asked: number[] = [];
  const stream: (string | undefined)[] = [];
  const tag: (string | undefined)[] = [];
  const more: (string | undefined)[] = [];
  const types: (string | undefined)[] = [];
  const afterVersion: number[] = [];
  const after: number[] = [];
  sets.forEach((set, index) => {
    for (const query of set.queries) {
      asked.push(index);
      const [first, ...others] = 'stream' in query ? [] : query.tags;
      stream.push('stream' in query ? query.stream : undefined);
      tag.push(first);
      more.push(others.length === 0 ? undefined : others.join(separator));
      types.push('stream' in query ? undefined : query.types?.join(separator));
      // A version, where there is one, says more exactly than a position what is known of a stream.
      const version = 'stream' in query ? query.afterVersion : undefined;
      afterVersion.push(version ?? 0);
      after.push(version === undefined ? set.after : 0);
    }
  });
  return [
    int4Array(asked),
    textArray(stream),
    textArray(tag),
    textArray(more),
    textArray(types),
    int8Array(afterVersion),
    int8Array(after),
  ];
}
