import { setTimeout as pause } from 'node:timers/promises';
import { Client, type QueryResultRow } from 'pg';

const everyMs = 40;

/** One look at how far relay and projections are, in milliseconds of `performance.now()`. */
interface Sample {
  readonly at: number;
  /** The highest position that a caller was told by then. */
  readonly accepted: number;
  /** Undefined when the database did not answer. */
  readonly cursor: number | undefined;
  readonly checkpoints: ReadonlyMap<string, number>;
}

/** Looks at cursor and checkpoints many times a second, from outside, while things break. */
export class ProgressWatch {
  readonly #eventStore: PatientClient;
  readonly #readModels: PatientClient;
  readonly #accepted: () => number;
  readonly #samples: Sample[] = [];
  #stopped = false;
  #loop: Promise<unknown> = Promise.resolve();

  constructor(eventStoreUrl: string, readModelsUrl: string, accepted: () => number) {
    this.#eventStore = new PatientClient(eventStoreUrl);
    this.#readModels = new PatientClient(readModelsUrl);
    this.#accepted = accepted;
  }

  start(): void {
    this.#loop = this.#watch();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#loop;
    await Promise.all([this.#eventStore.close(), this.#readModels.close()]);
  }

  /** The longest time, from a moment on, in which a projection stood still although a caller knew of a later event. */
  longestReadModelStall(since = -Infinity): number {
    const names = new Set(this.#samples.flatMap((sample) => [...sample.checkpoints.keys()]));
    return Math.max(
      0,
      ...[...names].map((name) => this.#longestStall(since, (sample) => sample.checkpoints.get(name))),
    );
  }

  /** The same for the relay's cursor. */
  longestCursorStall(since: number): number {
    return this.#longestStall(since, (sample) => sample.cursor);
  }

  /** The longest stall of the cursor and of each projection, for a round that stood out. */
  describeStalls(): string {
    const names = [...new Set(this.#samples.flatMap((sample) => [...sample.checkpoints.keys()]))];
    const parts: (readonly [string, (sample: Sample) => number | undefined])[] = [
      ['cursor', (sample) => sample.cursor],
      ...names.map((name) => [name, (sample: Sample) => sample.checkpoints.get(name)] as const),
    ];
    return parts.map(([name, of]) => `${name} ${this.#longestStall(-Infinity, of)} ms`).join(', ');
  }

  #longestStall(since: number, of: (sample: Sample) => number | undefined): number {
    let longest = 0;
    let last = -1;
    let lastStepAt = Number.isFinite(since) ? since : (this.#samples[0]?.at ?? 0);
    for (const sample of this.#samples) {
      const place = of(sample);
      if (place === undefined) continue;
      if (place <= last && place < sample.accepted) continue;
      if (sample.at > since) longest = Math.max(longest, sample.at - Math.max(since, lastStepAt));
      last = place;
      lastStepAt = sample.at;
    }
    return Math.round(longest);
  }

  async #watch(): Promise<void> {
    while (!this.#stopped) {
      const [cursors, builds] = await Promise.all([
        this.#eventStore.ask<{ position: string }>('select min(position) as position from relay_cursors'),
        this.#readModels.ask<{ projection_id: string; position: string }>(
          `select projection_id, position from projection_builds where state = 'live'`,
        ),
      ]);
      const cursor = cursors?.[0]?.position;
      this.#samples.push({
        at: performance.now(),
        accepted: this.#accepted(),
        cursor: cursor === undefined ? undefined : Number(cursor),
        checkpoints: new Map((builds ?? []).map((build) => [build.projection_id, Number(build.position)])),
      });
      await pause(everyMs);
    }
  }
}

/** A connection that is made again when it broke. A question that gets no answer is answered with undefined. */
export class PatientClient {
  readonly #url: string;
  #client: Client | undefined;

  constructor(url: string) {
    this.#url = url;
  }

  async ask<R extends QueryResultRow>(sql: string, values: readonly unknown[] = []): Promise<R[] | undefined> {
    try {
      this.#client ??= await this.#connect();
      return (await this.#client.query<R>(sql, [...values])).rows;
    } catch {
      await this.close();
      return undefined;
    }
  }

  async close(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    if (client !== undefined) await Promise.race([client.end().catch(() => undefined), pause(500)]);
  }

  async #connect(): Promise<Client> {
    const client = new Client({
      connectionString: this.#url,
      connectionTimeoutMillis: 1_000,
      query_timeout: 2_000,
      application_name: 'chaos',
    });
    client.on('error', () => undefined);
    await client.connect();
    return client;
  }
}
