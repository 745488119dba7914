import { fieldsOf, listOf, text, type JsonFields } from './json.ts';

/** A request that was refused or got no answer, in words for the reader. */
export class RequestFailure extends Error {
  /** Of the problem; `NO_ANSWER` when the server did not answer at all. */
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.name = 'RequestFailure';
    this.code = code;
  }
}

export interface Answer {
  readonly body: unknown;
  /** The server's clock, in milliseconds since 1970, to the second; undefined when it does not say. */
  readonly serverTime: number | undefined;
}

const patienceMs = 10_000;

/** Asks for JSON. Throws {@link RequestFailure}. */
export function get(path: string, signal?: AbortSignal): Promise<Answer> {
  return ask(path, { headers: { accept: 'application/json' } }, signal);
}

/** Sends a command. The same `key` makes it safe to send again. Throws {@link RequestFailure}. */
export async function post(path: string, body: object, key: string): Promise<JsonFields> {
  const headers = { accept: 'application/json', 'content-type': 'application/json', 'idempotency-key': key };
  const answer = await ask(path, { method: 'POST', headers, body: JSON.stringify(body) });
  return fieldsOf(answer.body);
}

async function ask(path: string, init: RequestInit, signal?: AbortSignal): Promise<Answer> {
  const patience = AbortSignal.timeout(patienceMs);
  let response: Response;
  let body: unknown;
  try {
    response = await fetch(path, {
      ...init,
      signal: signal === undefined ? patience : AbortSignal.any([patience, signal]),
    });
    body = await response.json();
  } catch (error) {
    throw new RequestFailure('NO_ANSWER', error instanceof Error ? error.message : String(error));
  }
  if (!response.ok) throw failureOf(fieldsOf(body));
  const date = Date.parse(response.headers.get('date') ?? '');
  return { body, serverTime: Number.isNaN(date) ? undefined : date };
}

function failureOf(problem: JsonFields): RequestFailure {
  const fields = listOf(problem['fields']).map(fieldsOf);
  const details = fields.map(({ field, problem }) => `${text(field)} ${text(problem)}`).join(', ');
  const detail = text(problem['detail']) || text(problem['title']);
  return new RequestFailure(text(problem['code']), details === '' ? detail : `${detail} (${details})`);
}

/** A key for a command, as random as needed. Works on pages without TLS, where `crypto.randomUUID` is missing. */
export function newKey(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
