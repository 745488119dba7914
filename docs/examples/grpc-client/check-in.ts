import process from 'node:process';
import { connect, metadataOf, methodOf } from './waiting-room-client.ts';

/** Lets a patient in. Run: node docs/examples/grpc-client/check-in.ts 127.0.0.1:5001 */

const client = connect(process.argv[2] ?? '127.0.0.1:5001');
const { path, requestSerialize, responseDeserialize } = methodOf('CheckIn');
const request = { queueId: 'queue-1', patientName: 'John Doe', consultationType: 'Cardiology' };
const metadata = metadataOf({ 'idempotency-key': crypto.randomUUID(), 'x-api-key': process.env['API_KEY'] });

client.makeUnaryRequest(
  path,
  requestSerialize,
  responseDeserialize,
  request,
  metadata,
  { deadline: Date.now() + 5_000 },
  (error, reply) => {
    if (error === null) console.log(reply);
    else console.error(error.code, error.details);
    process.exitCode = error === null ? 0 : 1;
    client.close();
  },
);
