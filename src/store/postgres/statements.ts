import { readFileSync } from 'node:fs';
import type { QueryConfig } from 'pg';
import type { RecordedEvent } from '../../events/envelope.ts';
import { MillraceError } from '../../errors.ts';
import type { ArchivedBodies, ArchivedPlace } from '../archived-bodies.ts';
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
  /** Set for an archived event, which has no columns but id and position: where its body stands. */
  readonly file: string | null;
  readonly place: string | null;
  readonly bytes: number | null;
  readonly checksum: number | null;
}

const separator = '\u001f';

/** The columns of an {@link EventRow} that the log holds. */
const stored = (
  e: string,
) => `${e}.event_id, ${e}.position, ${e}.aggregate_id, ${e}.version, ${e}.event_name, ${e}.schema_version,
  array_to_string(${e}.tags, E'\\x1f') as tags, ${e}.payload::text as payload, ${e}.metadata::text as metadata,
  (extract(epoch from ${e}.occurred_at) * 1000)::float8 as occurred_at,
  null::text as file, null::bigint as place, null::integer as bytes, null::integer as checksum`;

/** The same columns for an event in the archive `a`. */
const archived = `a.event_id, a.position, null::text, null::bigint, null::text, null::integer, null::text, null::text, null::text,
  null::float8, (select f.name from archive_files f where f.id = a.file_id), a.place, a.bytes, a.checksum`;

/** Everything that the log says to PostgreSQL, with the application's table names filled in. */
export class LogStatements {
  readonly names: LogNames;
  readonly #archive: ArchivedBodies | undefined;

  /** Throws DEFINITION_INVALID when a name cannot be a table's name as it stands. */
  constructor(names: LogNames, archive?: ArchivedBodies) {
    for (const name of [names.events, names.outbox]) {
      if (!/^[a-z_][a-z0-9_]{0,39}$/.test(name)) {
        throw new MillraceError(
          'DEFINITION_INVALID',
          `The table name ${JSON.stringify(name)} is not lower case letters, digits and underscores.`,
        );
      }
    }
    this.names = names;
    this.#archive = archive;
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
      text: `select ${stored('e')} from ${this.names.events} e where e.position > $1 and e.position <= $2
        union all select ${archived} from archived_events a where a.position > $1 and a.position <= $2
        order by position limit $3`,
      values: [after, upTo, limit],
    };
  }

  /** The events of any of the queries, each once. Every query gives at most `limit`, so that a page costs a page. */
  query(queries: readonly EventQuery[], after: number, upTo: number, limit: number): QueryConfig {
    const once = queries.length > 1 ? 'distinct on (e.position) ' : '';
    return {
      name: queries.length > 1 ? 'query' : 'query-one',
      text: `select ${once}e.* ${this.#asked({
        stream: 'and s.position + 0 <= $8 order by s.version limit $9',
        archivedStream: 'and u.position <= $8 order by u.version limit $9',
        tag: 'and t.position <= $8 order by t.position limit $9',
      })} order by e.position limit $9`,
      values: [...askedParameters([{ queries, after }]), upTo, limit],
    };
  }

  /** Several sets of queries at once; `asked` says which set a row answers, counted from 0. */
  queryMany(sets: readonly { readonly queries: readonly EventQuery[]; readonly after: number }[]): QueryConfig {
    return {
      name: 'query-many',
      text: `select q.asked, e.* ${this.#asked({ stream: '', archivedStream: '', tag: '' })} order by q.asked, e.position`,
      values: askedParameters(sets),
    };
  }

  /**
   * `position + 0` keeps the primary key out of the search for a stream's events: a plan that puts the two indexes
   * together reads the positions of the whole log to find a few events.
   */
  #asked(end: { readonly stream: string; readonly archivedStream: string; readonly tag: string }): string {
    const { events } = this.names;
    const typed = `(q.types is null or t.event_name = any (string_to_array(q.types, E'\\x1f')))`;
    return `from unnest($1::integer[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::bigint[])
           as q(asked, stream, tag, more, types, after_version, after)
      cross join lateral (
        (select ${stored('s')} from ${events} s
        where q.stream is not null and s.aggregate_id = q.stream and s.version > q.after_version
          and s.position + 0 > q.after ${end.stream})
        union all
        (select ${archived} from archived_streams r
        cross join unnest(r.positions) with ordinality as u(position, version)
        join archived_events a on a.position = u.position
        where q.stream is not null and r.aggregate_id = q.stream and u.version > q.after_version
          and u.position > q.after ${end.archivedStream})
        union all
        (select ${stored('s')} from event_tags t join ${events} s on s.position = t.position
        where q.stream is null and t.tag = q.tag and t.position > q.after and ${typed}
          and (q.more is null or s.tags @> string_to_array(q.more, E'\\x1f')) ${end.tag})
        union all
        (select ${archived} from event_tags t join archived_events a on a.position = t.position
        where q.stream is null and t.tag = q.tag and t.position > q.after and ${typed}
          and t.position <= (select max(n.position) from archived_events n)
          and (q.more is null or not exists (
            select from unnest(string_to_array(q.more, E'\\x1f')) as m(tag)
            where not exists (select from event_tags o where o.tag = m.tag and o.position = t.position))) ${end.tag})
      ) e`;
  }

  eventsById(ids: readonly string[]): QueryConfig {
    return {
      name: 'events-by-id',
      text: `select ${stored('e')} from ${this.names.events} e where e.event_id = any ($1)
        union all select ${archived} from archived_events a where a.event_id = any ($1)`,
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

  /**
   * The events of some rows, in their order; what was archived is read from its files. Throws ARCHIVE_FILE_MISSING or
   * ARCHIVE_FILE_DAMAGED.
   */
  async toEvents(rows: readonly EventRow[]): Promise<RecordedEvent[]> {
    const elsewhere = rows.filter((row) => row.file !== null);
    if (elsewhere.length === 0) return rows.map(toEvent);
    if (this.#archive === undefined) {
      throw new MillraceError(
        'ARCHIVE_FILE_MISSING',
        `The events are in the archive file ${elsewhere[0]?.file ?? ''}, and no folder of archive files is set.`,
      );
    }
    const bodies = (await this.#archive.read(elsewhere.map(toPlace))).values();
    return rows.map((row) => {
      if (row.file === null) return toEvent(row);
      const body = bodies.next();
      if (body.done === true) throw new MillraceError('ARCHIVE_FILE_DAMAGED', `${row.file} gave too few events.`);
      return body.value;
    });
  }
}

function toPlace(row: EventRow): ArchivedPlace {
  return {
    position: Number(row.position),
    id: row.event_id,
    file: row.file ?? '',
    offset: Number(row.place),
    length: row.bytes ?? 0,
    checksum: row.checksum ?? 0,
  };
}

function toEvent(row: EventRow): RecordedEvent {
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
