import { Type, type Static } from 'typebox';
import {
  DomainError,
  errorCatalogue,
  MillraceError,
  type DomainErrorKind,
  type ErrorCode,
  type ErrorKind,
  type FieldProblem,
} from '../errors.ts';

/** Problem details as answered for every failure: RFC 9457, media type `application/problem+json`. */
export const problemSchema = Type.Object(
  {
    type: Type.String({ description: 'Names the kind of problem: `urn:millrace:problem:<code>`.' }),
    title: Type.String({ description: 'The same for every problem of this code.' }),
    status: Type.Integer(),
    detail: Type.String(),
    code: Type.String({ description: 'Stable; programs may branch on it.' }),
    correlationId: Type.String(),
    fields: Type.Optional(
      Type.Array(
        Type.Object({
          field: Type.String({ description: 'Path of the field, parts joined by `/`.' }),
          problem: Type.String(),
        }),
      ),
    ),
  },
  { description: 'Problem details (RFC 9457)' },
);

/** A problem as it is answered. */
export type Problem = Static<typeof problemSchema>;

export const problemMediaType = 'application/problem+json';

/** A failure as HTTP says it, before it is bound to a request. */
export interface Failure {
  readonly status: number;
  readonly code: string;
  readonly title: string;
  readonly detail: string;
  readonly fields: readonly FieldProblem[];
  /** Seconds until the same request may succeed. */
  readonly retryAfter: number | undefined;
}

const statusOfKind: { readonly [Kind in ErrorKind]: number } = {
  invalid: 400,
  'not-found': 404,
  conflict: 409,
  rejected: 409,
  unavailable: 503,
  fault: 500,
};

/** Where HTTP has a status of its own for what is wrong. */
const statusOfCode: { readonly [Code in ErrorCode]?: number } = {
  KEY_REUSED: 422,
  METHOD_NOT_ALLOWED: 405,
  URL_TOO_LONG: 414,
  HEADERS_TOO_LARGE: 431,
  REQUEST_TIMEOUT: 408,
  MEDIA_TYPE_UNSUPPORTED: 415,
  BODY_TOO_LARGE: 413,
  EVENT_TOO_LARGE: 413,
  ORIGIN_REFUSED: 403,
  UPGRADE_REQUIRED: 426,
  AUTH_REQUIRED: 401,
  AUTH_INVALID_CREDENTIALS: 401,
  AUTH_ROLE_FORBIDDEN: 403,
  AUTH_PROVIDER_REFUSED: 403,
  CSRF_REFUSED: 403,
  AUTH_TOO_MANY_ATTEMPTS: 429,
};

/** Seconds, where a second is too soon to ask again. */
const retryAfterOfCode: { readonly [Code in ErrorCode]?: number } = {
  // The size is asked for no more often.
  LOG_FULL: 10,
};

const domainKinds: { readonly [Kind in DomainErrorKind]: { readonly status: number; readonly title: string } } = {
  rejected: { status: 409, title: 'The request was understood and refused.' },
  'not-found': { status: 404, title: 'What the request is about does not exist.' },
  invalid: { status: 422, title: 'The request was understood and cannot be carried out.' },
};

/** What Fastify says by codes of its own. */
const codeOfFastify: { readonly [code: string]: ErrorCode } = {
  FST_ERR_CTP_INVALID_JSON_BODY: 'JSON_INVALID',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'BODY_MISSING',
  FST_ERR_CTP_BODY_TOO_LARGE: 'BODY_TOO_LARGE',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'MEDIA_TYPE_UNSUPPORTED',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'REQUEST_MALFORMED',
  FST_ERR_BAD_URL: 'URL_INVALID',
  FST_ERR_INVALID_URL: 'URL_INVALID',
  FST_ERR_MAX_PARAM_LENGTH: 'URL_TOO_LONG',
};

const mostFields = 32;

/** Turns whatever was thrown into what HTTP says about it. Only real defects become a 500, and those say nothing. */
export function failureOf(error: unknown): Failure {
  if (error instanceof DomainError) {
    const { status, title } = domainKinds[error.kind];
    return { status, code: error.code, title, detail: error.message, fields: error.fields, retryAfter: undefined };
  }
  if (error instanceof MillraceError) return fromCatalogue(error.code, error.message, error.fields);
  const { code, statusCode } = fastifyError(error);
  const known = code === undefined ? undefined : codeOfFastify[code];
  if (known !== undefined) return fromCatalogue(known);
  // Fastify and its plugins mark what the client did with a status of their own.
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) {
    if (statusCode === 404) return fromCatalogue('ROUTE_NOT_FOUND');
    return { ...fromCatalogue('REQUEST_MALFORMED'), status: statusCode };
  }
  return fromCatalogue('INTERNAL_ERROR');
}

/** The failure of a code in the catalogue; `detail` defaults to its meaning. */
export function fromCatalogue(code: ErrorCode, detail?: string, fields: readonly FieldProblem[] = []): Failure {
  const { kind, meaning } = errorCatalogue[code];
  const status = statusOfCode[code] ?? statusOfKind[kind];
  // A text about a part that is away, or about a defect, may tell how we are built.
  const silent = kind === 'fault' || kind === 'unavailable';
  return {
    status,
    code,
    title: kind === 'fault' ? errorCatalogue.INTERNAL_ERROR.meaning : meaning,
    detail: kind === 'fault' ? 'Name the correlation id when you report it.' : silent ? meaning : (detail ?? meaning),
    fields: fields.slice(0, mostFields),
    retryAfter: kind === 'unavailable' ? (retryAfterOfCode[code] ?? 1) : undefined,
  };
}

/** The body of the answer, as JSON text. */
export function problemBody(failure: Failure, correlationId: string): string {
  return JSON.stringify(problemOf(failure, correlationId));
}

/** A failure bound to a request. */
export function problemOf(failure: Failure, correlationId: string): Problem {
  const { status, code, title, detail, fields } = failure;
  const problem: Problem = { type: `urn:millrace:problem:${code}`, title, status, detail, code, correlationId };
  return fields.length === 0 ? problem : { ...problem, fields: [...fields] };
}

function fastifyError(error: unknown): { readonly code: string | undefined; readonly statusCode: number | undefined } {
  if (typeof error !== 'object' || error === null) return { code: undefined, statusCode: undefined };
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  const statusCode = 'statusCode' in error && typeof error.statusCode === 'number' ? error.statusCode : undefined;
  return { code, statusCode };
}
