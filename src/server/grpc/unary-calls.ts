import { errorForLog } from '../../telemetry/error-for-log.ts';
import { Metadata, type handleUnaryCall, type sendUnaryData, type ServerUnaryCall } from '@grpc/grpc-js';
import { MillraceError } from '../../errors.ts';
import { newEventId } from '../../events/event-id.ts';
import { failureOf, problemMediaType } from '../problem.ts';
import { correlationHeader, correlationIdOf } from '../request-context.ts';
import type { MillraceServer } from '../route-module.ts';
import { problemIn, type AnsweredFailure, type FailureStatuses } from './failure-status.ts';
import { addressOf } from './peer.ts';
import { headersOf, routeRequest, type CalledRoute } from './route-request.ts';

type Call = ServerUnaryCall<object, object>;

/** Hears how a call ended: its gRPC status, 0 for success. */
export type CallEnded = (code: number) => void;

/**
 * Carries a call out as a request to its route, in this process: what the route checks, allows, refuses and remembers
 * by its key holds for the call as well.
 */
export function unaryCall(
  server: MillraceServer,
  route: CalledRoute,
  failures: FailureStatuses,
  begin: () => CallEnded,
): handleUnaryCall<object, object> {
  return (call, callback) => {
    const ended = begin();
    const answer: sendUnaryData<object> = (error, value) => {
      ended(error === null ? 0 : (error.code ?? 2));
      callback(error, value);
    };
    carryOut(server, route, failures, call).then(
      (reply) => answer(null, reply),
      (error: unknown) => {
        if (call.cancelled) ended(1);
        else if (isServiceError(error)) answer(error);
        else if (error instanceof MillraceError) {
          answer(failures.ofFailure(failureOf(error), correlationIdOf(headersOf(call.metadata))));
        } else {
          const correlationId = newEventId();
          server.log.error({ err: errorForLog(error), correlationId }, 'request failed');
          answer(failures.defect(correlationId));
        }
      },
    );
  };
}

async function carryOut(
  server: MillraceServer,
  route: CalledRoute,
  failures: FailureStatuses,
  call: Call,
): Promise<object> {
  // Whoever hung up, or had no more time, gets no answer; a command that was sent may still be carried out.
  const hungUp = new AbortController();
  call.once('cancelled', () => hungUp.abort());
  const { payload, ...asked } = routeRequest(route, call.request, call.metadata);
  const remoteAddress = addressOf(call.getPeer());
  const answer = await server.inject({
    ...asked,
    method: methodOf(asked.method),
    ...(payload === undefined ? {} : { payload }),
    ...(remoteAddress === undefined ? {} : { remoteAddress }),
    signal: hungUp.signal,
  });
  const { headers, statusCode } = answer;
  const body: unknown = answer.payload === '' ? {} : JSON.parse(answer.payload);
  const isProblem = headers['content-type']?.startsWith(problemMediaType) === true;
  if (isProblem || statusCode >= 400) throw failures.of(failureIn(body, headers['retry-after']));
  const metadata = new Metadata();
  for (const name of [correlationHeader, 'idempotency-replayed']) {
    const value = headers[name];
    if (typeof value === 'string') metadata.set(name, value);
  }
  call.sendMetadata(metadata);
  if (route.list !== undefined) return { [route.list]: body };
  if (typeof body !== 'object' || body === null) throw new TypeError(`${route.path} did not answer with an object.`);
  return body;
}

function failureIn(body: unknown, retryAfter: unknown): AnsweredFailure {
  const problem = problemIn(body);
  if (problem === undefined) throw new TypeError('A route refused without problem details.');
  return { problem, retryAfter: retryAfter === undefined ? undefined : Number(retryAfter) };
}

const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;

function methodOf(text: string): (typeof methods)[number] {
  const found = methods.find((method) => method === text);
  if (found === undefined) throw new TypeError(`${text} is no method of a route.`);
  return found;
}

function isServiceError(error: unknown): error is ReturnType<FailureStatuses['of']> {
  return error instanceof Error && 'code' in error && typeof error.code === 'number' && 'metadata' in error;
}
