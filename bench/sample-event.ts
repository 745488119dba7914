import { randomFillSync } from 'node:crypto';

/** The one event that every contestant stores: about 200 bytes of payload and 150 of metadata as JSON. */
export interface SampleEvent {
  /** UUIDv7. */
  readonly id: string;
  /** The name of a stream nobody has used, time-ordered: `order-` and a UUIDv7. */
  readonly stream: string;
  readonly type: 'OrderPlaced';
  readonly payload: Readonly<Record<string, string | number>>;
  readonly metadata: Readonly<Record<string, string>>;
  readonly occurredAt: Date;
}

/** Makes the first event of a new stream. */
export function sampleEvent(): SampleEvent {
  const id = uuidV7();
  const stream = `order-${uuidV7()}`;
  sequence += 1;
  return {
    id,
    stream,
    type: 'OrderPlaced',
    payload: {
      orderId: stream,
      number: sequence,
      customer: 'customer-000417',
      article: 'A box of forty pencils, medium',
      amount: 40,
      priceInCents: 1299,
      currency: 'EUR',
    },
    metadata: { correlationId: id, causationId: stream, actor: 'clerk-17', tenant: 'north' },
    occurredAt: new Date(),
  };
}

let sequence = 0;
let lastMillisecond = 0;
let counter = 0;
const random = Buffer.alloc(8 * 512);
let randomUsed = random.length;
const id = Buffer.alloc(16);

/** A time-ordered UUID, increasing within the process also inside one millisecond (RFC 9562, method 1). */
export function uuidV7(): string {
  const now = Date.now();
  if (now > lastMillisecond) {
    lastMillisecond = now;
    counter = 0;
  } else if (counter === 0xfff) {
    lastMillisecond += 1;
    counter = 0;
  } else {
    counter += 1;
  }
  if (randomUsed === random.length) {
    randomFillSync(random);
    randomUsed = 0;
  }
  id.writeUIntBE(lastMillisecond, 0, 6);
  id.writeUInt16BE(0x7000 | counter, 6);
  random.copy(id, 8, randomUsed, randomUsed + 8);
  randomUsed += 8;
  id.writeUInt8(0x80 | (id.readUInt8(8) & 0x3f), 8);
  const hex = id.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
