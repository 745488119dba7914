import { Metadata, status, type ServiceError } from '@grpc/grpc-js';
import { Value } from 'typebox/value';
import { errorCatalogue } from '../../errors.ts';
import { fromCatalogue, problemOf, problemSchema, type Failure, type Problem } from '../problem.ts';
import { loadProtos, messageIn, platformProtos } from './protos.ts';

/** Who defines the codes in ErrorInfo. */
export const errorDomain = 'millrace';

/** A failure as the HTTP interface answers it, with what stands in its headers. */
export interface AnsweredFailure {
  readonly problem: Problem;
  /** Seconds until the same call may succeed. */
  readonly retryAfter: number | undefined;
}

/** What the statuses of HTTP are called in gRPC. 409 and what is not here are told apart by the code. */
const statusOfHttp: { readonly [httpStatus: number]: status } = {
  400: status.INVALID_ARGUMENT,
  401: status.UNAUTHENTICATED,
  403: status.PERMISSION_DENIED,
  404: status.NOT_FOUND,
  408: status.DEADLINE_EXCEEDED,
  413: status.RESOURCE_EXHAUSTED,
  422: status.INVALID_ARGUMENT,
  429: status.RESOURCE_EXHAUSTED,
  501: status.UNIMPLEMENTED,
  503: status.UNAVAILABLE,
  504: status.DEADLINE_EXCEEDED,
};

/** The gRPC status of a problem. */
export function statusOf({ status: http, code }: Problem, alreadyExists: ReadonlySet<string>): status {
  if (http === 409) {
    if (alreadyExists.has(code)) return status.ALREADY_EXISTS;
    // Somebody else was faster: look again and decide. What the domain refuses is refused until something changes.
    return isConflict(code) ? status.ABORTED : status.FAILED_PRECONDITION;
  }
  return statusOfHttp[http] ?? (http < 500 ? status.INVALID_ARGUMENT : status.INTERNAL);
}

function isConflict(code: string): boolean {
  return Object.entries(errorCatalogue).some(([known, { kind }]) => known === code && kind === 'conflict');
}

/** Turns problems into what gRPC clients get: a status, and its details in `grpc-status-details-bin`. */
export class FailureStatuses {
  readonly #alreadyExists: ReadonlySet<string>;
  readonly #messages = loadProtos(platformProtos('google/rpc/status.proto', 'google/rpc/error_details.proto'));

  constructor(alreadyExists: readonly string[]) {
    this.#alreadyExists = new Set(alreadyExists);
  }

  of({ problem, retryAfter }: AnsweredFailure): ServiceError {
    const code = statusOf(problem, this.#alreadyExists);
    const details = [
      this.#detail('ErrorInfo', {
        reason: problem.code,
        domain: errorDomain,
        metadata: { correlationId: problem.correlationId, httpStatus: String(problem.status) },
      }),
    ];
    if (problem.fields !== undefined) {
      const fieldViolations = problem.fields.map(({ field, problem: description }) => ({ field, description }));
      details.push(this.#detail('BadRequest', { fieldViolations }));
    }
    const metadata = new Metadata();
    metadata.set('x-correlation-id', problem.correlationId);
    if (retryAfter !== undefined) {
      details.push(this.#detail('RetryInfo', { retryDelay: { seconds: retryAfter } }));
      // The same for clients that repeat calls by themselves.
      metadata.set('grpc-retry-pushback-ms', String(retryAfter * 1_000));
    }
    const bytes = messageIn(this.#messages, 'google.rpc.Status').serialize({ code, message: problem.detail, details });
    metadata.set('grpc-status-details-bin', bytes);
    return Object.assign(new Error(problem.detail), { code, details: problem.detail, metadata });
  }

  ofFailure(failure: Failure, correlationId: string): ServiceError {
    return this.of({ problem: problemOf(failure, correlationId), retryAfter: failure.retryAfter });
  }

  /** A defect on the way between gRPC and the route. Says nothing of it. */
  defect(correlationId: string): ServiceError {
    return this.ofFailure(fromCatalogue('INTERNAL_ERROR'), correlationId);
  }

  /** A google.protobuf.Any, whose fields the library names as its own file does. */
  #detail(name: string, content: object): { readonly type_url: string; readonly value: Buffer } {
    const type = `google.rpc.${name}`;
    return { type_url: `type.googleapis.com/${type}`, value: messageIn(this.#messages, type).serialize(content) };
  }
}

/** The problem in an answer; undefined when the answer is something else. */
export function problemIn(body: unknown): Problem | undefined {
  return Value.Check(problemSchema, body) ? body : undefined;
}
