import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { WebSocket } from 'ws';
import type { LiveMessage } from '../../src/server/index.ts';

/**
 * A screen without a browser: keeps the rows of a live feed, and comes back by itself with the position that it has
 * seen when the connection is cut.
 */
export class LiveRows {
  /** By view and key. */
  readonly rows = new Map<string, Map<string, Record<string, unknown>>>();
  readonly #url: string;
  readonly #keys: { readonly [view: string]: string };
  #position: number | undefined;
  #connections = 0;
  #resets = 0;
  #socket: WebSocket | undefined;
  #closed = false;
  #running: Promise<void> = Promise.resolve();

  private constructor(url: string, keys: { readonly [view: string]: string }) {
    this.#url = url.replace('http', 'ws');
    this.#keys = keys;
    for (const view of Object.keys(keys)) this.rows.set(view, new Map());
  }

  /** `keys`: for each view the column that tells its rows apart. Resolves when it is live. */
  static async open(url: string, keys: { readonly [view: string]: string }): Promise<LiveRows> {
    const screen = new LiveRows(url, keys);
    const live = Promise.withResolvers<void>();
    screen.#running = screen.#run(live.resolve);
    await live.promise;
    return screen;
  }

  get connections(): number {
    return this.#connections;
  }

  /** How often it was told to load again. */
  get resets(): number {
    return this.#resets;
  }

  get position(): number {
    return this.#position ?? 0;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#socket?.terminate();
    await this.#running;
  }

  async #run(live: () => void): Promise<void> {
    while (!this.#closed) {
      const mark = this.#url.includes('?') ? '&' : '?';
      const after = this.#position === undefined ? '' : `${mark}after=${this.#position}`;
      const socket = new WebSocket(`${this.#url}${after}`, { perMessageDeflate: false });
      this.#socket = socket;
      const ended = new Promise<void>((resolve) => socket.once('close', () => resolve()));
      socket.on('error', () => undefined);
      socket.on('message', (data: Buffer) => {
        this.#hear(JSON.parse(data.toString()) as LiveMessage);
        live();
      });
      try {
        await once(socket, 'open');
        this.#connections += 1;
      } catch {
        // Nobody listens at the moment.
      }
      await ended;
      if (!this.#closed) await pause(20);
    }
  }

  #hear(message: LiveMessage): void {
    this.#position = message.position;
    if (message.type === 'reset') this.#resets += 1;
    if (message.type !== 'rows') return;
    const key = this.#keys[message.view];
    const rows = this.rows.get(message.view);
    if (key === undefined || rows === undefined) return;
    for (const row of message.rows) {
      const columns: Record<string, unknown> = { ...row };
      const known = rows.get(String(columns[key]));
      const isNewer = Number(columns['updated_position']) >= Number(known?.['updated_position'] ?? 0);
      if (isNewer) rows.set(String(columns[key]), columns);
    }
  }
}
