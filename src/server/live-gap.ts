import type { ReadModels, RunningSystem } from '../running-system.ts';
import type { LiveMessage, ResetReason } from './live-feed.ts';
import { changedRow, mostRows, type PreparedView } from './live-query.ts';
import type { LiveSubscriber } from './live-subscriber.ts';

/** So that many clients coming back at once do not take the database over. */
const atTheSameTime = 4;

/** Brings clients that come (back) up to date before they join the live ones. */
export class GapFilling {
  readonly #views: readonly PreparedView[];
  readonly #system: RunningSystem;
  readonly #readModels: ReadModels;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(views: readonly PreparedView[], system: RunningSystem) {
    this.#views = views;
    this.#system = system;
    this.#readModels = system.readModels;
  }

  /** Says hello, sends what changed behind `after` or why the client has to load again, and lets it go live. */
  async fill(subscriber: LiveSubscriber, after: string | undefined): Promise<void> {
    if (this.#running >= atTheSameTime) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#running++;
    try {
      const position = await this.#readModels.position();
      subscriber.send({ type: 'hello', position });
      const reason = after === undefined ? undefined : await this.#catchUp(subscriber, after, position);
      if (reason !== undefined) subscriber.send({ type: 'reset', position, reason });
      subscriber.goLive(position);
    } finally {
      this.#running--;
      this.#waiting.shift()?.();
    }
  }

  /** Sends the rows behind `given`, or returns why not. */
  async #catchUp(subscriber: LiveSubscriber, given: string, position: number): Promise<ResetReason | undefined> {
    const after = Number(given);
    if (!/^\d{1,16}$/.test(given) || !Number.isSafeInteger(after)) return 'after-invalid';
    if (after > position && after > (await this.#storedPosition())) return 'after-ahead';
    let messages: LiveMessage[] = [];
    const filled: [string, number][] = [];
    let count = 0;
    for (const prepared of this.#views) {
      const { name } = prepared.view;
      if (!subscriber.maySee(name)) continue;
      const value = subscriber.filterOf(name);
      const found =
        value === undefined
          ? await this.#readModels.query(prepared.changed, [after, mostRows + 1])
          : await this.#readModels.query(prepared.changedOfValue, [after, mostRows + 1, value]);
      count += found.length;
      if (count > mostRows) return 'too-many-changes';
      const rows = found.map((row) => changedRow(prepared, row));
      filled.push([name, Math.max(position, rows.at(-1)?.position ?? 0)]);
      if (rows.length > 0)
        messages.push({ type: 'rows', view: name, position: after, rows: rows.map(({ row }) => row) });
    }
    // Read meanwhile, and sent only to who may still see it.
    messages = messages.filter((message) => message.type !== 'rows' || subscriber.maySee(message.view));
    for (const [name, upTo] of filled) subscriber.filledUpTo(name, upTo);
    // Only with the last message has everything up to the position been sent.
    for (const [index, message] of messages.entries()) {
      subscriber.send(index === messages.length - 1 ? { ...message, position } : message);
    }
    return undefined;
  }

  /** What this process has heard of may be older than what the client has seen elsewhere: ask the database. */
  async #storedPosition(): Promise<number> {
    const primary = this.#system.definition.projections[0];
    return primary === undefined ? 0 : (await this.#system.projections.get(primary.id)).position;
  }
}
