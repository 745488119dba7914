/**
 * A bare loop with amqplib, one side in each process: `publish` sends persistent messages of about the size of an event
 * to one quorum queue or several, 500 at a time, and waits for their confirms; `consume` takes them from each, 2,000 in
 * hand at most, and acknowledges every 500. Says `ready`, waits for a line, and prints how long it took in seconds.
 */
import { once } from 'node:events';
import { connect } from 'amqplib';

const [url = '', side = '', exchange = '', queues = '1', count = '0', bytes = '600'] = process.argv.slice(2);
const names = Array.from({ length: Number(queues) }, (_, index) => `${exchange}-${index + 1}`);
const messages = Number(count);
const atOnce = 500;

const connection = await connect(url);
const channel = await connection.createConfirmChannel();
await channel.assertExchange(exchange, 'topic', { durable: true });
for (const name of names) {
  await channel.assertQueue(name, { durable: true, arguments: { 'x-queue-type': 'quorum' } });
  await channel.bindQueue(name, exchange, '#');
}
process.stdout.write('ready\n');
await once(process.stdin, 'data');
const start = performance.now();

if (side === 'publish') {
  const content = Buffer.from(JSON.stringify({ data: 'x'.repeat(Number(bytes)) }));
  for (let sent = 0; sent < messages; sent += atOnce) {
    for (let n = sent; n < Math.min(messages, sent + atOnce); n += 1) {
      channel.publish(exchange, 'bare.loop', content, { persistent: true, mandatory: true, messageId: String(n) });
    }
    await channel.waitForConfirms();
  }
} else {
  await Promise.all(names.map((name) => consumeAll(name)));
}
process.stdout.write(`${(performance.now() - start) / 1000}\n`);
process.stdin.destroy();
await connection.close();

/** Each on a channel of its own, as consumers have. */
async function consumeAll(name: string): Promise<void> {
  const own = await connection.createChannel();
  await own.prefetch(2_000);
  let taken = 0;
  await new Promise<void>((resolve, reject) => {
    own
      .consume(name, (message) => {
        if (message === null) return;
        JSON.parse(message.content.toString());
        taken += 1;
        if (taken % atOnce === 0 || taken === messages) own.ack(message, true);
        if (taken === messages) resolve();
      })
      .catch(reject);
  });
}
