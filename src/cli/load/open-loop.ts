import type { LoadRequest } from '../../server/application.ts';
import { Lane } from './lane.ts';
import type { HttpAnswer } from './response-parser.ts';

/** One request of a run. */
export interface PlannedRequest {
  readonly n: number;
  /** When it was due, in milliseconds of `performance.now()`. Latency counts from here, however late it was sent. */
  readonly dueAt: number;
}

export interface OpenLoopOptions {
  readonly url: string;
  /** Sent along, where the server wants one. */
  readonly apiKey?: string | undefined;
  /** Requests a second. */
  readonly rate: number;
  readonly seconds: number;
  readonly connections: number;
  readonly request: (n: number) => LoadRequest;
  /** Sent as `X-Correlation-Id`; the command's events carry it in the log. */
  readonly correlationId: (n: number) => string;
  readonly onAnswer: (request: PlannedRequest, answer: HttpAnswer, latencyMs: number) => void;
  /** Sent, and the connection ended before an answer came. */
  readonly onUnknown: (request: PlannedRequest) => void;
  /** About once a second. */
  readonly onSecond?: (sent: number, waiting: number) => void;
  /** How long answers are waited for after the last request was due. Default 10,000. */
  readonly drainMs?: number;
  /** Ends the run early; what is under way counts as unknown. */
  readonly signal?: AbortSignal;
}

export interface OpenLoopResult {
  readonly sent: number;
  /** Due, and never sent: there was no connection free until the end. */
  readonly notSent: number;
  /** From the first due time to the last answer. */
  readonly tookMs: number;
}

/**
 * Sends requests at a fixed rate, whatever the answers do: a slow server does not slow the plan down, it makes a queue
 * of requests that are late, and their lateness is part of their latency (no coordinated omission).
 */
export async function runOpenLoop(options: OpenLoopOptions): Promise<OpenLoopResult> {
  const url = new URL(options.url);
  const total = Math.round(options.rate * options.seconds);
  const free: Lane<PlannedRequest>[] = [];
  const lanes: Lane<PlannedRequest>[] = [];
  const done = Promise.withResolvers<void>();
  const startAt = performance.now() + 20; // the connections come up meanwhile
  const dueAt = (n: number) => startAt + (n * 1_000) / options.rate;
  let next = 0;
  let settled = 0;
  let lastAnswerAt = startAt;
  let timer: NodeJS.Timeout | undefined;

  const settle = () => {
    settled += 1;
    if (settled === total) done.resolve();
  };
  const sendDue = () => {
    const now = performance.now();
    for (let lane = free.pop(); lane; lane = free.pop()) {
      // It lost its connection while it stood here; connected again, it announces itself again.
      if (!lane.ready) continue;
      if (next >= total || dueAt(next) > now) {
        free.push(lane);
        break;
      }
      const request = { n: next, dueAt: dueAt(next) };
      next += 1;
      lane.send(
        request,
        requestText(url, options.request(request.n), options.correlationId(request.n), options.apiKey),
      );
    }
    // With no lane free, the next answer sends on. Timers are whole milliseconds.
    if (next < total && free.length > 0) plan(dueAt(next) - performance.now());
  };
  const plan = (ms: number) => {
    timer ??= setTimeout(
      () => {
        timer = undefined;
        sendDue();
      },
      Math.max(1, ms),
    );
  };
  const listener = {
    onFree: (lane: Lane<PlannedRequest>) => {
      free.push(lane);
      sendDue();
    },
    onAnswer: (request: PlannedRequest, answer: HttpAnswer) => {
      lastAnswerAt = performance.now();
      options.onAnswer(request, answer, lastAnswerAt - request.dueAt);
      settle();
    },
    onLost: (request: PlannedRequest) => {
      options.onUnknown(request);
      settle();
    },
  };
  const perSecond = setInterval(() => options.onSecond?.(next, next - settled), 1_000);
  const bound = setTimeout(done.resolve, 20 + options.seconds * 1_000 + (options.drainMs ?? 10_000));
  const onAbort = () => done.resolve();
  options.signal?.addEventListener('abort', onAbort, { once: true });
  for (let index = 0; index < options.connections; index += 1) lanes.push(new Lane(url, listener));
  try {
    await done.promise;
  } finally {
    options.signal?.removeEventListener('abort', onAbort);
    clearInterval(perSecond);
    clearTimeout(bound);
    const sent = next;
    next = total; // closing lanes must send nothing
    clearTimeout(timer);
    for (const lane of lanes) lane.close();
    next = sent;
  }
  return { sent: next, notSent: total - next, tookMs: lastAnswerAt - startAt };
}

/** The request as it goes over the wire. */
export function requestText(url: URL, request: LoadRequest, correlationId: string, apiKey?: string): string {
  const body = JSON.stringify(request.body);
  const head = [
    `${request.method} ${request.path} HTTP/1.1`,
    `host: ${url.host}`,
    `x-correlation-id: ${correlationId}`,
    ...(apiKey === undefined ? [] : [`x-api-key: ${apiKey}`]),
    'content-type: application/json',
    `content-length: ${Buffer.byteLength(body)}`,
  ];
  return `${head.join('\r\n')}\r\n\r\n${body}`;
}
