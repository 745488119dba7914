/** One message of PostgreSQL's protocol, with its header. The first one of a client has no type: `startup`. */
export interface PostgresMessage {
  readonly type: string;
  readonly bytes: Buffer;
}

/** Cuts a byte stream of PostgreSQL's protocol into its messages. */
export class PostgresMessages {
  #rest = Buffer.alloc(0);
  #greeting: boolean;

  /** @param fromClient a client's stream begins with a message without a type */
  constructor(fromClient: boolean) {
    this.#greeting = fromClient;
  }

  push(data: Buffer): PostgresMessage[] {
    this.#rest = Buffer.concat([this.#rest, data]);
    const messages: PostgresMessage[] = [];
    for (;;) {
      const header = this.#greeting ? 0 : 1;
      if (this.#rest.length < header + 4) return messages;
      const size = header + this.#rest.readInt32BE(header);
      if (this.#rest.length < size) return messages;
      const type = this.#greeting ? 'startup' : String.fromCharCode(this.#rest.readUInt8(0));
      messages.push({ type, bytes: this.#rest.subarray(0, size) });
      this.#rest = this.#rest.subarray(size);
      this.#greeting = false;
    }
  }
}
