import process from 'node:process';
import { connect, metadataOf, methodOf } from './waiting-room-client.ts';

/**
 * Prints changed rows. Run: node docs/examples/grpc-client/watch.ts 127.0.0.1:5001 0 3
 * The second word is the position up to which you have heard everything, the third how many messages to print.
 */

const [address = '127.0.0.1:5001', after, most = 'Infinity'] = process.argv.slice(2);
const client = connect(address);
const { path, requestSerialize, responseDeserialize } = methodOf('WatchWaitingRoom');
const metadata = metadataOf({ 'x-api-key': process.env['API_KEY'] });
const stream = client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, { after }, metadata);

let left = Number(most);
stream.on('data', (message: object) => {
  console.log(JSON.stringify(message));
  left--;
  if (left === 0) stream.cancel();
});
stream.on('error', (error: Error & { readonly code?: number }) => {
  // 1 is our own cancelling. Behind anything else: come back with the last position as `after`.
  if (error.code !== 1) console.error(error.message);
});
stream.on('close', () => client.close());
