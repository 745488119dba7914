/** Takes what is sent by OTLP and throws it away. Prints where it listens; ends with its standard input. */
import { createServer } from 'node:http';

const server = createServer((request, answer) => {
  request.resume().once('end', () => answer.writeHead(200, { 'content-type': 'application/x-protobuf' }).end());
}).listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new TypeError('The sink has no port.');
  process.stdout.write(`http://127.0.0.1:${address.port}\n`);
});
process.stdin.resume().once('end', () => process.exit());
process.stdin.once('data', () => process.exit());
