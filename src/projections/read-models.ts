import { DatabaseError } from 'pg';
import pg from 'pg';
import { MillraceError } from '../errors.ts';
import type { ReadModels } from '../running-system.ts';
import { liveBuild, outdated } from './builds.ts';
import { shapeOf } from './fingerprint.ts';
import type { ProjectionDefinition, Row } from './definition.ts';

/** Looks at the checkpoint so often when nothing tells that it moved, in milliseconds. */
const pollingInterval = 1000;
/** Queries that may wait for a connection, and those that may wait for a position: more would only fill the memory. */
const mostWaiting = 5000;

/** Reads of the live read model, and the waiting for a position to arrive in it. */
export class PostgresReadModels implements ReadModels {
  readonly #pool: pg.Pool;
  readonly #definitions: readonly ProjectionDefinition[];
  readonly #primary: string;
  readonly #listeners = new Set<(position: number) => void>();
  #position = 0;
  #generation = 0;
  #incarnation: string | undefined;
  #timer: NodeJS.Timeout | undefined;
  #looking = false;

  constructor(pool: pg.Pool, definitions: readonly ProjectionDefinition[]) {
    this.#pool = pool;
    this.#definitions = definitions;
    this.#primary = definitions[0]?.id ?? '';
  }

  /**
   * Throws SCHEMA_MISSING when the database was not prepared, READ_MODELS_OUTDATED when its tables are another version's,
   * STORE_UNAVAILABLE when it does not answer.
   */
  async start(): Promise<void> {
    const builds = await this.#liveBuilds();
    const [build] = builds;
    if (build === undefined) throw missing();
    for (const [index, definition] of this.#definitions.entries()) {
      const found = builds[index];
      if (found === undefined) throw missing();
      if (found.shape !== shapeOf(definition)) throw outdated(definition.id);
    }
    this.#position = build.position;
    this.#generation = build.generation;
    this.#incarnation = build.incarnation;
    this.#timer = setInterval(() => this.look(), pollingInterval);
    this.#timer.unref();
  }

  async #liveBuilds() {
    try {
      return await Promise.all(this.#definitions.map(({ id }) => liveBuild(this.#pool, id)));
    } catch (error) {
      // A table or a column that is not there yet.
      if (error instanceof DatabaseError && (error.code === '42P01' || error.code === '42703')) throw missing();
      throw new MillraceError('STORE_UNAVAILABLE', 'The read-model database does not answer.', { cause: error });
    }
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** The consumer of this process has committed. */
  moved(position: number): void {
    this.#position = position;
    for (const listener of this.#listeners) listener(position);
  }

  /** Somebody else's consumer may have committed: read its checkpoint. */
  look(): void {
    if (!this.#looking) void this.#lookAtCheckpoint();
  }

  async #lookAtCheckpoint(): Promise<void> {
    this.#looking = true;
    try {
      const build = await liveBuild(this.#pool, this.#primary);
      if (build === undefined) return;
      // Of one build only the newest word counts: this look may have been overtaken by the consumer's.
      const isSame = build.generation === this.#generation && build.incarnation === this.#incarnation;
      this.#generation = build.generation;
      this.#incarnation = build.incarnation;
      if (isSame ? build.position > this.#position : build.position !== this.#position) this.moved(build.position);
    } catch {
      // The next look tells.
    } finally {
      this.#looking = false;
    }
  }

  async query<R extends object = Row>(
    sql: string,
    parameters: readonly unknown[] = [],
    options: { minPosition?: number; waitMs?: number } = {},
  ): Promise<R[]> {
    if (options.minPosition !== undefined) await this.#reach(options.minPosition, options.waitMs ?? 5000);
    if (this.#pool.waitingCount >= mostWaiting) throw queueFull();
    try {
      return (await this.#pool.query<R & pg.QueryResultRow>(sql, [...parameters])).rows;
    } catch (error) {
      // What the server itself refuses is the asker's fault; anything else is a server that is away.
      if (isRefusal(error)) throw error;
      throw new MillraceError('STORE_UNAVAILABLE', 'The read-model database does not answer.', { cause: error });
    }
  }

  position(): Promise<number> {
    return Promise.resolve(this.#position);
  }

  onChanged(listener: (position: number) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #reach(position: number, waitMs: number): Promise<void> {
    if (this.#position >= position) return Promise.resolve();
    if (this.#listeners.size >= mostWaiting) return Promise.reject(queueFull());
    return new Promise((resolve, reject) => {
      const stop = this.onChanged((reached) => {
        if (reached < position) return;
        clearTimeout(timer);
        stop();
        resolve();
      });
      const timer = setTimeout(() => {
        stop();
        reject(new MillraceError('PROJECTION_BEHIND', `The read model has not reached position ${position} yet.`));
      }, waitMs);
    });
  }
}

/** The query was read and refused: syntax, values, rights. Not: shutting down, too many connections, time-outs. */
function isRefusal(error: unknown): boolean {
  return error instanceof pg.DatabaseError && error.code !== undefined && /^(?:22|23|42)/.test(error.code);
}

function queueFull(): MillraceError {
  return new MillraceError('QUEUE_FULL', 'Too many queries wait for the read model.');
}

function missing(): MillraceError {
  return new MillraceError('SCHEMA_MISSING', 'The read-model database has not been prepared; run `millrace migrate`.');
}
