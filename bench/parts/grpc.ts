import { Agent, request } from 'node:http';
import { credentials, makeClientConstructor } from '@grpc/grpc-js';
import { loadSync, type ServiceDefinition } from '@grpc/proto-loader';
import { fileURLToPath } from 'node:url';
import { application } from '../../apps/waiting-room/app.ts';
import { startServer, type RunningServer } from '../../src/server/start-server.ts';
import { startBenchSystem, untilCaughtUp } from '../bench-system.ts';
import { compare, measureClosedLoop, summarize, type Round } from '../measure.ts';
import type { Part } from '../part.ts';

const callers = 32;
const body = { queueId: 'bench', patientName: 'John Doe', consultationType: 'General' };

interface Caller {
  checkIn(): Promise<void>;
  close(): void;
}

function byHttp(server: RunningServer): Caller {
  const agent = new Agent({ keepAlive: true, maxSockets: callers });
  const payload = JSON.stringify(body);
  const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(payload) };
  return {
    checkIn: () =>
      new Promise((resolve, reject) => {
        const url = `${server.url}/api/waiting-room/check-in`;
        const sent = request(url, { method: 'POST', agent, headers }, (answer) => {
          const chunks: Buffer[] = [];
          answer.on('data', (chunk: Buffer) => chunks.push(chunk));
          answer.on('end', () => {
            JSON.parse(Buffer.concat(chunks).toString());
            if (answer.statusCode === 201) resolve();
            else reject(new Error(`HTTP answered ${answer.statusCode ?? 0}`));
          });
        });
        sent.on('error', reject);
        sent.end(payload);
      }),
    close: () => agent.destroy(),
  };
}

function byGrpc(server: RunningServer): Caller {
  const name = 'millrace.waiting_room.v1.WaitingRoom';
  const file = fileURLToPath(new URL('../../proto/waiting-room/v1/waiting_room.proto', import.meta.url));
  // The name is that of a service.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const service = loadSync(file, { longs: String })[name] as ServiceDefinition;
  const method = service['CheckIn'];
  if (method === undefined) throw new Error('There is no method CheckIn.');
  const client = new (makeClientConstructor(service, name))(server.grpc ?? '', credentials.createInsecure());
  return {
    checkIn: () =>
      new Promise((resolve, reject) => {
        client.makeUnaryRequest(method.path, method.requestSerialize, method.responseDeserialize, body, (error) => {
          if (error === null) resolve();
          else reject(error);
        });
      }),
    close: () => client.close(),
  };
}

/** What the way through gRPC costs, client included: both clients and the server are in one process. */
export const part: Part = {
  name: 'grpc',
  title: `Check-ins by gRPC beside HTTP: ${callers} in flight, client and server in one process`,
  run: async (context) => {
    const { system } = await startBenchSystem(context, application.system, 'grpc');
    const server = await startServer(application, system, { host: '127.0.0.1', port: 0, grpc: { port: 0 } });
    const rounds: { readonly http: Round[]; readonly grpc: Round[] } = { http: [], grpc: [] };
    const [http, grpc] = [byHttp(server), byGrpc(server)];
    try {
      for (let round = 0; round <= context.settings.rounds; round += 1) {
        for (const [name, caller] of [['http', http] as const, ['grpc', grpc] as const]) {
          await untilCaughtUp(system);
          await context.settle();
          const seconds = round === 0 ? context.settings.warmUpSeconds : context.settings.seconds;
          const measured = await measureClosedLoop({
            callers,
            seconds,
            eventsPerCall: 1,
            call: () => caller.checkIn(),
          });
          // The first one warms up.
          if (round > 0) rounds[name].push(measured.round);
          context.progress(`${name} ${round}: ${Math.round(measured.round.opsPerSecond)}/s`);
        }
      }
      await untilCaughtUp(system);
    } finally {
      http.close();
      grpc.close();
      await server.stop();
      await system.stop();
    }
    const [overHttp, overGrpc] = [summarize(rounds.http), summarize(rounds.grpc)];
    const ratio = compare(rounds.grpc, rounds.http);
    const row = (name: string, { opsPerSecond, min, max, p50Ms, p99Ms }: typeof overHttp) => [
      ...[name, ...[opsPerSecond, min, max].map((figure) => figure.toLocaleString('en'))],
      ...[p50Ms, p99Ms].map((figure) => figure.toFixed(2)),
    ];
    return {
      requirements: [{ figure: 'gRPC against HTTP', value: ratio.median, atLeast: 0.4 }],
      figures: { callers, http: overHttp, grpc: overGrpc, ratio, rounds },
      table: {
        rows: [['', 'check-ins/s', 'min', 'max', 'p50 ms', 'p99 ms'], row('HTTP', overHttp), row('gRPC', overGrpc)],
        notes: [`gRPC against HTTP, round by round: ${ratio.median} (${ratio.min} to ${ratio.max})`],
      },
    };
  },
};
