/**
 * Holds live connections and notes when what arrived. Reads one JSON line a command: `{"open": [...]}` opens connections
 * and is answered `open` when each has heard its first message; `{"report": true}` prints what was heard since as one
 * JSON line; `{"end": true}` ends it. Kept light, since in a clinic these are other people's machines.
 */
import { once } from 'node:events';
import http from 'node:http';
import { createInterface } from 'node:readline';
import { WebSocket } from 'ws';
import { machineMs } from '../one-clock.ts';

/** A connection to open. */
export interface LiveClient {
  readonly group: string;
  readonly door: 'ws' | 'sse';
  readonly url: string;
}

/** A row as some clients of a group saw it first: the position of the event that wrote it, and when each client had it. */
export interface Arrival {
  readonly group: string;
  readonly ticket: string;
  readonly position: number;
  /** Milliseconds of the machine's clock, one for each client. */
  readonly at: readonly number[];
}

export interface ClientsReport {
  readonly arrivals: readonly Arrival[];
  readonly messages: number;
  /** Connections that ended before they were closed here. */
  readonly lost: number;
}

interface Seen {
  readonly ticket: string;
  readonly position: number;
}

type Command = { readonly open?: readonly LiveClient[]; readonly report?: true; readonly end?: true };

const arrivals = new Map<string, { group: string; ticket: string; position: number; at: number[] }>();
let messages = 0;
let lost = 0;
let ending = false;
const closers: (() => void)[] = [];

/** The same message goes to many clients: it is taken apart once. */
let lastText = '';
let lastSeen: readonly Seen[] = [];

function seenIn(text: string): readonly Seen[] {
  if (text === lastText) return lastSeen;
  lastText = text;
  lastSeen = take(JSON.parse(text));
  return lastSeen;
}

/** Rows with a ticket, of a feed or of a patient's page, whose message is the row itself. */
function take(message: unknown): readonly Seen[] {
  if (typeof message !== 'object' || message === null) return [];
  const rows: readonly unknown[] = 'rows' in message && Array.isArray(message.rows) ? message.rows : [message];
  return rows.flatMap((row) => {
    if (typeof row !== 'object' || row === null || !('ticket' in row) || typeof row.ticket !== 'string') return [];
    const position = 'updated_position' in row ? row.updated_position : 'position' in row ? row.position : undefined;
    return typeof position === 'number' ? [{ ticket: row.ticket, position }] : [];
  });
}

function heard(group: string, text: string): void {
  const now = machineMs();
  messages += 1;
  for (const { ticket, position } of seenIn(text)) {
    const key = `${group} ${ticket} ${position}`;
    const arrival = arrivals.get(key);
    if (arrival === undefined) arrivals.set(key, { group, ticket, position, at: [now] });
    else arrival.at.push(now);
  }
}

async function open({ group, door, url }: LiveClient): Promise<void> {
  let isOver = false;
  const gone = (): void => {
    // The stream of a visit ends with it.
    if (!ending && !isOver) lost += 1;
  };
  if (door === 'ws') {
    const socket = new WebSocket(url.replace('http', 'ws'), { perMessageDeflate: false });
    socket.on('message', (data: Buffer) => heard(group, data.toString('utf8')));
    socket.once('close', gone);
    closers.push(() => socket.terminate());
    await once(socket, 'message');
    return;
  }
  const answered = Promise.withResolvers<http.IncomingMessage>();
  const request = http.get(url, { agent: false }, answered.resolve);
  request.once('error', answered.reject);
  const response = await answered.promise;
  if (response.statusCode !== 200) throw new Error(`${url}: ${response.statusCode}`);
  let rest = '';
  const first = Promise.withResolvers<void>();
  response.setEncoding('utf8').on('data', (text: string) => {
    const events = (rest + text).split('\n\n');
    rest = events.pop() ?? '';
    for (const event of events) {
      const at = event.indexOf('data: ');
      if (at < 0) continue;
      heard(group, event.slice(at + 6));
      isOver ||= event.includes('"isOver":true');
      first.resolve();
    }
  });
  response.on('error', () => undefined).once('close', gone);
  request.on('error', () => undefined);
  closers.push(() => request.destroy());
  await first.promise;
}

for await (const line of createInterface({ input: process.stdin })) {
  // Written by the part that started this process.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const command = JSON.parse(line) as Command;
  if (command.open !== undefined) {
    // In small groups: a thousand at the same moment would wait for each other's greeting.
    const queue = [...command.open];
    const openSome = async (): Promise<void> => {
      for (let next = queue.pop(); next !== undefined; next = queue.pop()) await open(next);
    };
    await Promise.all(Array.from({ length: 16 }, openSome));
    process.stdout.write('open\n');
  } else if (command.report === true) {
    const report: ClientsReport = { arrivals: [...arrivals.values()], messages, lost };
    process.stdout.write(`${JSON.stringify(report)}\n`);
    arrivals.clear();
    messages = 0;
  } else break;
}
ending = true;
for (const close of closers) close();
process.stdin.destroy();
