import { startEmbeddedPostgres } from '../../src/embedded/start-embedded-postgres.ts';

/** Starts a server on the folder of its argument, tells about it in one line, and stops it when its input ends. */
const dataFolder = process.argv[2];
if (dataFolder === undefined) throw new Error('Which folder?');
const server = await startEmbeddedPostgres({ dataFolder });
const url = await server.url('kept');
const { processId, adopted } = server;
process.stdout.write(`${JSON.stringify({ url, processId, adopted, dataFolder: server.dataFolder })}\n`);
process.stdin.on('end', () => void server.stop()).resume();
