import type { ReadModels } from '../running-system.ts';
import type { LiveMessage, ResetReason } from './live-feed.ts';
import { changedRow, mostRows, type PreparedView } from './live-query.ts';
import type { LiveSubscriber } from './live-subscriber.ts';

/** So that many clients coming back at once do not take the database over. */
const atTheSameTime = 4;

/** Brings clients that come (back) up to date before they join the live ones. */
export class GapFilling {
  readonly #views: readonly PreparedView[];
  readonly #readModels: ReadModels;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(views: readonly PreparedView[], readModels: ReadModels) {
    this.#views = views;
    this.#readModels = readModels;
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
    if (after > position) return 'after-ahead';
    const messages: LiveMessage[] = [];
    const filled: [string, number][] = [];
    let count = 0;
    for (const prepared of this.#views) {
      const { name } = prepared.view;
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
    for (const [name, upTo] of filled) subscriber.filledUpTo(name, upTo);
    // Only with the last message has everything up to the position been sent.
    for (const [index, message] of messages.entries()) {
      subscriber.send(index === messages.length - 1 ? { ...message, position } : message);
    }
    return undefined;
  }
}
