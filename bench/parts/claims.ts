import { Agent, request } from 'node:http';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Client } from 'pg';
import { waitingRoom } from '../../apps/waiting-room/system.ts';
import { prepareSystem, type SystemUrls } from '../bench-system.ts';
import type { Part, PartContext } from '../part.ts';
import { Worker } from '../worker.ts';

/** Doctors who call at the same time. */
const doctorsAtOnce = [2, 8, 20] as const;

interface Turn {
  readonly processes: number;
  readonly doctors: number;
  readonly claims: number;
  /** Patients whom two doctors were given. */
  readonly double: number;
  /** Patients whom nobody was given although a doctor was told that nobody waits. */
  readonly lost: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly slowestMs: number;
  /** The longest that the doctors' own process stood still meanwhile: the machine's part in the slowest claim. */
  readonly stoodStillMs: number;
}

/** Doctors who press "next patient" as fast as they can, until nobody waits. */
export const part: Part = {
  name: 'claims',
  title: 'Claims: doctors call the next patient of one queue, all at once, through one process and through two',
  run: async (context) => {
    const claims = context.settings.events ?? (context.settings.quick ? 1000 : 10_000);
    const turns: Turn[] = [];
    for (const processes of [1, 2]) {
      for (const doctors of doctorsAtOnce) {
        const turn = await play(context, processes, doctors, claims);
        turns.push(turn);
        context.progress(
          `${processes} process(es), ${doctors} doctors: ${Math.round(turn.perSecond)}/s, ` +
            `slowest ${turn.slowestMs.toFixed(0)} ms, ${turn.double} double, ${turn.lost} lost`,
        );
      }
    }
    const sum = (of: (turn: Turn) => number) => turns.reduce((total, turn) => total + of(turn), 0);
    return {
      requirements: [
        { figure: 'double claims', value: sum(({ double }) => double), atMost: 0 },
        { figure: 'lost patients', value: sum(({ lost }) => lost), atMost: 0 },
        { figure: 'slowest claim', value: Math.max(...turns.map((turn) => turn.slowestMs)), unit: 'ms', atMost: 100 },
      ],
      figures: { claims, turns },
      table: {
        rows: [
          [
            'processes, doctors',
            'claims',
            'double',
            'lost',
            'claims/s',
            'p50 ms',
            'p99 ms',
            'slowest ms',
            'stood still ms',
          ],
          ...turns.map((turn) => [
            `${turn.processes}, ${turn.doctors}`,
            ...[turn.claims, turn.double, turn.lost, Math.round(turn.perSecond)].map((n) => n.toLocaleString('en')),
            ...[turn.p50Ms, turn.p99Ms, turn.slowestMs, turn.stoodStillMs].map((ms) => ms.toFixed(1)),
          ]),
        ],
        notes: [
          'A claim is POST /api/waiting-room/call-next until its answer, which is durable. Each doctor ends the visit and',
          'calls again at once. The server processes and the doctors share this machine; "stood still" is the longest that',
          "the doctors' process itself did not get to run.",
        ],
      },
    };
  },
};

async function play(context: PartContext, processes: number, doctors: number, claims: number): Promise<Turn> {
  const urls = await prepareSystem(context, waitingRoom, `claims_${processes}_${doctors}`);
  const workers: Worker[] = [];
  const servers: string[] = [];
  const agent = new Agent({ keepAlive: true });
  try {
    for (let n = 0; n < processes; n += 1) {
      const worker = new Worker('clinic.ts', [urls.eventStoreUrl, urls.readModelsUrl, n === 0 ? 'all' : 'api']);
      workers.push(worker);
      servers.push(await worker.nextLine());
    }
    const [first] = workers;
    const fill = async (queueId: string, patients: number): Promise<void> => {
      first?.say(`fill ${queueId} ${patients}`);
      await first?.nextLine();
    };
    const rooms = Array.from({ length: doctors }, (_, n) => new Doctor(agent, servers[n % processes] ?? '', n));
    // What runs the first time is compiled then; nobody waits for that in a clinic that is open.
    await fill('warm-up', 500);
    await Promise.all(rooms.map((doctor) => doctor.callAll('warm-up')));
    for (const doctor of rooms) doctor.forget();
    await fill('claims', claims);
    await context.settle();
    const stood = monitorEventLoopDelay({ resolution: 2 });
    stood.enable();
    const start = performance.now();
    await Promise.all(rooms.map((doctor) => doctor.callAll('claims')));
    const seconds = (performance.now() - start) / 1000;
    stood.disable();
    const judged = await judge(urls, rooms, claims);
    return { processes, doctors, ...judged, perSecond: claims / seconds, stoodStillMs: stood.max / 1e6 };
  } finally {
    agent.destroy();
    for (const worker of workers.toReversed()) {
      worker.say('end');
      await worker.ended();
    }
  }
}

/** A doctor in a room. */
class Doctor {
  readonly #agent: Agent;
  readonly #server: string;
  readonly #roomId: string;
  /** The visits that this doctor was given, and how long each call took, in milliseconds. */
  readonly visits: string[] = [];
  readonly times: number[] = [];

  constructor(agent: Agent, server: string, number: number) {
    this.#agent = agent;
    this.#server = server;
    this.#roomId = `room-${number}`;
  }

  forget(): void {
    this.visits.length = 0;
    this.times.length = 0;
  }

  async callAll(queueId: string): Promise<void> {
    for (;;) {
      const start = performance.now();
      const { status, body } = await this.#post('call-next', { queueId, roomId: this.#roomId });
      if (body['code'] === 'QUEUE_EMPTY') return;
      if (status !== 200) throw new Error(`a call was answered with ${status} ${JSON.stringify(body)}`);
      this.times.push(performance.now() - start);
      const visitId = String(body['visitId']);
      this.visits.push(visitId);
      const end = await this.#post('complete-attention', { visitId });
      if (end.status !== 200) throw new Error(`an end was answered with ${end.status} ${JSON.stringify(end.body)}`);
    }
  }

  #post(path: string, body: object): Promise<{ readonly status: number; readonly body: Record<string, unknown> }> {
    const text = JSON.stringify(body);
    return new Promise((resolve, reject) => {
      const sent = request(
        `${this.#server}/api/waiting-room/${path}`,
        {
          method: 'POST',
          agent: this.#agent,
          headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) },
        },
        (response) => {
          let answer = '';
          response.setEncoding('utf8').on('data', (chunk: string) => (answer += chunk));
          response.once('error', reject).once('end', () => {
            // The answers of the waiting room are JSON objects.
            // oxlint-disable-next-line typescript/no-unsafe-type-assertion
            resolve({ status: response.statusCode ?? 0, body: JSON.parse(answer) as Record<string, unknown> });
          });
        },
      );
      sent.once('error', reject).end(text);
    });
  }
}

/** Counts by what the doctors were told, and by what the log holds. */
async function judge(urls: SystemUrls, rooms: readonly Doctor[], claims: number) {
  const visits = rooms.flatMap((doctor) => doctor.visits);
  const times = rooms.flatMap((doctor) => doctor.times).toSorted((a, b) => a - b);
  const at = (share: number): number => times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0;
  const inLog = new Client({ connectionString: urls.eventStoreUrl });
  await inLog.connect();
  try {
    const { rows } = await inLog.query<{ calls: string; visits: string }>(
      `select count(*) as calls, count(distinct aggregate_id) as visits from waiting_room_events
       where event_name = 'PatientCalled' and payload ->> 'queueId' = 'claims'`,
    );
    const stored = { calls: Number(rows[0]?.calls), visits: Number(rows[0]?.visits) };
    const given = new Set(visits).size;
    return {
      claims: visits.length,
      double: Math.max(visits.length - given, stored.calls - stored.visits),
      lost: claims - Math.min(given, stored.visits),
      ...{ p50Ms: at(0.5), p99Ms: at(0.99), slowestMs: times.at(-1) ?? 0 },
    };
  } finally {
    await inLog.end();
  }
}
