import { application } from '../../apps/waiting-room/app.ts';
import { startServer } from '../../src/server/start-server.ts';
import { startBenchSystem } from '../bench-system.ts';
import { buildScreens, openPublicScreens } from '../live-browser.ts';
import { arrivalTimes, summary, type GroupTimes } from '../live-arrivals.ts';
import type { Part, Requirement } from '../part.ts';
import { Worker } from '../worker.ts';
import type { Sent } from '../workers/clinic-desk.ts';
import type { ClientsReport, LiveClient } from '../workers/live-clients.ts';

/** A clinic at its usual pace, and one at its busiest minute. */
const paces = [2, 10];
const processes = 2;

interface Measured {
  readonly perSecond: number;
  readonly commands: number;
  readonly messages: number;
  readonly lost: number;
  readonly serverCores: number;
  readonly groups: readonly GroupTimes[];
}

/** From a check-in or call being sent at a desk until every live page has it. */
export const part: Part = {
  name: 'live-pages',
  title: 'Live pages: sent at the desk to shown by 1,000 connected clients',
  run: async (context) => {
    const { quick, askedSeconds } = context.settings;
    buildScreens();
    const { system } = await startBenchSystem(context, application.system, 'live_pages');
    const server = await startServer(application, system, { host: '127.0.0.1', port: 0 });
    const desk = new Worker('clinic-desk.ts', [server.url, `r${Date.now() % 100_000}`]);
    const workers = Array.from({ length: processes }, () => new Worker('live-clients.ts', []));
    const measured: Measured[] = [];
    let browser: readonly GroupTimes[] = [];
    try {
      const waiting = await ask<readonly Sent[]>(desk, { checkIns: quick ? 80 : 800 });
      const inLine = new Map(waiting.map(({ ticket, queueId }) => [ticket, queueId]));
      const clients = clientsOf(server.url, waiting, quick ? 100 : 1000);
      await Promise.all(
        workers.map(async (worker, index) => {
          worker.say(JSON.stringify({ open: clients.filter((_, n) => n % processes === index) }));
          await worker.nextLine();
        }),
      );
      context.progress(`${clients.length} clients are connected`);
      const load = async (perSecond: number, seconds: number): Promise<Measured> => {
        const cpu = process.cpuUsage();
        const start = performance.now();
        const sent = await ask<readonly Sent[]>(desk, { perSecond, commands: Math.ceil(perSecond * seconds) });
        const used = process.cpuUsage(cpu);
        const serverCores = (used.user + used.system) / 1000 / (performance.now() - start);
        const reports = await Promise.all(workers.map((worker) => ask<ClientsReport>(worker, { report: true })));
        return {
          perSecond,
          commands: sent.length,
          messages: reports.reduce((sum, { messages }) => sum + messages, 0),
          lost: reports.reduce((sum, { lost }) => sum + lost, 0),
          serverCores,
          groups: arrivalTimes(sent, reports, clients, inLine),
        };
      };
      // Young processes compile at first; that is no clinic's afternoon.
      await load(10, quick ? 2 : 10);
      for (const perSecond of paces) {
        await context.settle();
        const one = await load(perSecond, askedSeconds ?? (quick ? 5 : 60));
        measured.push(one);
        const { p50Ms, p95Ms } = summary(one.groups);
        context.progress(`at ${perSecond}/s: p50 ${p50Ms.toFixed(1)} ms, p95 ${p95Ms.toFixed(1)} ms`);
      }
      browser = await inBrowsers(server.url, quick ? 3 : 100);
    } finally {
      for (const worker of [desk, ...workers]) worker.say('{"end":true}');
      await Promise.all([desk, ...workers].map((worker) => worker.ended()));
      await server.stop();
      await system.stop();
    }
    const browserRequirements = browser.flatMap((one): Requirement[] => {
      const { p50Ms, p95Ms } = summary([one]);
      return [
        { figure: `p50 on the ${one.group} in Chromium`, value: p50Ms, unit: 'ms', atMost: 60 },
        { figure: `p95 on the ${one.group} in Chromium`, value: p95Ms, unit: 'ms', atMost: 250 },
      ];
    });
    return {
      requirements: measured
        .flatMap(({ perSecond, groups, lost }): Requirement[] => {
          const { p50Ms, p95Ms, missing } = summary(groups);
          return [
            { figure: `p50 at ${perSecond}/s`, value: p50Ms, unit: 'ms', atMost: 60 },
            { figure: `p95 at ${perSecond}/s`, value: p95Ms, unit: 'ms', atMost: 250 },
            { figure: `never arrived at ${perSecond}/s`, value: missing + lost, atMost: 0 },
          ];
        })
        .concat(browserRequirements),
      figures: { measured: measured.map(figuresOf), browser },
      table: {
        rows: [...tableOf(measured), ...browser.map(browserRow)],
        notes: notes(measured),
      },
    };
  },
};

/** Calls, until the display and the phone of the patient show them, in a real browser beside all the other clients. */
async function inBrowsers(url: string, calls: number): Promise<readonly GroupTimes[]> {
  const screens = await openPublicScreens(url);
  if (screens === undefined) return [];
  try {
    const times: Awaited<ReturnType<typeof screens.call>>[] = [];
    // The first ones go to compiling the pages.
    for (let n = 0; n < calls + 5; n += 1) times.push(await screens.call(n));
    const counted = times.slice(5);
    return [
      { group: 'display, check-in', clients: 1, times: counted.map(({ arrivalMs }) => arrivalMs), missing: 0 },
      { group: 'display', clients: 1, times: counted.map(({ displayMs }) => displayMs), missing: 0 },
      { group: 'phone', clients: 1, times: counted.map(({ phoneMs }) => phoneMs), missing: 0 },
    ];
  } finally {
    await screens.close();
  }
}

/** Percentiles instead of a million times. */
function figuresOf({ groups, ...measured }: Measured) {
  const each = groups.map((group) => ({ group: group.group, clients: group.clients, ...summary([group]) }));
  return { ...measured, all: summary(groups), groups: each };
}

function browserRow(one: GroupTimes): readonly string[] {
  const { p50Ms, p95Ms, p99Ms, maxMs } = summary([one]);
  const figures = [p50Ms, p95Ms, p99Ms, maxMs].map((time) => time.toFixed(1));
  return ['one by one', `${one.group}, Chromium`, '1', String(one.times.length), ...figures, '0'];
}

/** Staff's screens and public displays by both doors, and a phone for each patient who waits. */
function clientsOf(url: string, waiting: readonly Sent[], count: number): readonly LiveClient[] {
  const screens = Array.from({ length: count / 5 }, (_, n): LiveClient => {
    const door = n % 2 === 0 ? 'ws' : 'sse';
    if (n % 4 < 2) {
      return { group: 'staff', door, url: `${url}${door === 'ws' ? '/ws/waiting-room' : '/api/waiting-room/stream'}` };
    }
    const path = door === 'ws' ? '/ws/public-display' : '/api/public/stream';
    return { group: 'display', door, url: `${url}${path}?siteId=main` };
  });
  const phones = waiting.map(({ link = '' }): LiveClient => {
    const token = link.slice(link.lastIndexOf('/') + 1);
    return { group: 'phone', door: 'sse', url: `${url}/api/public/visits/${token}/stream` };
  });
  return [...screens, ...phones].slice(0, count);
}

function tableOf(measured: readonly Measured[]): readonly (readonly string[])[] {
  const heading = ['commands/s', 'clients', 'how many', 'seen', 'p50 ms', 'p95 ms', 'p99 ms', 'max ms', 'never'];
  return [
    heading,
    ...measured.flatMap(({ perSecond, groups }) =>
      [...groups, { group: 'all', clients: groups.reduce((sum, { clients }) => sum + clients, 0), ...all(groups) }].map(
        ({ group, clients, times, missing }) => {
          const { p50Ms, p95Ms, p99Ms, maxMs } = summary([{ group, clients, times, missing }]);
          const figures = [p50Ms, p95Ms, p99Ms, maxMs].map((time) => time.toFixed(1));
          return [`${perSecond}`, group, `${clients}`, times.length.toLocaleString('en'), ...figures, `${missing}`];
        },
      ),
    ),
  ];
}

function all(groups: readonly GroupTimes[]) {
  return {
    times: groups.flatMap(({ times }) => times),
    missing: groups.reduce((sum, { missing }) => sum + missing, 0),
  };
}

function notes(measured: readonly Measured[]): readonly string[] {
  return [
    'from the request being sent until the client has the row, every change at every client that shows it',
    'server, PostgreSQL, desks and all clients on one machine; the clients in two processes of their own',
    ...measured.map(
      ({ perSecond, messages, serverCores }) =>
        `at ${perSecond}/s: ${messages.toLocaleString('en')} messages, ${serverCores.toFixed(2)} cores of the server`,
    ),
  ];
}

/** Says one command, and takes the one line that answers it, in the shape that the worker's file tells. */
async function ask<Answer>(worker: Worker, command: object): Promise<Answer> {
  worker.say(JSON.stringify(command));
  // Both ends are in this folder.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return JSON.parse(await worker.nextLine()) as Answer;
}
