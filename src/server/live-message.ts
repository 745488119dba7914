import type { LiveMessage } from './live-feed.ts';

/**
 * A message as it goes over the wire, written once for everybody who gets it: with a thousand clients, encoding the
 * same text for each of them costs more than sending it.
 */
export class WrittenMessage {
  readonly message: LiveMessage;
  /** The one inside the message. */
  readonly position: number;
  /** The JSON alone, as WebSocket carries it. */
  readonly json: Buffer;
  #event: Buffer | undefined;

  constructor(message: LiveMessage) {
    this.message = message;
    this.position = message.position;
    this.json = Buffer.from(JSON.stringify(message));
  }

  /** As a server-sent event, whose id is the position. */
  get event(): Buffer {
    this.#event ??= Buffer.concat([Buffer.from(`id: ${this.position}\ndata: `), this.json, Buffer.from('\n\n')]);
    return this.#event;
  }
}
