import { refusalText } from '../language/refusal-words.ts';
import { fieldsOf, listOf, text, type JsonFields } from './json.ts';

/** A request that was refused or got no answer, in words for the reader. */
export class RequestFailure extends Error {
  /** Of the problem; `NO_ANSWER` when the server did not answer at all. */
  readonly code: string;
  /** Of the answer; 0 without one. */
  readonly status: number;
  /** Names of the fields that the problem is about. */
  readonly fields: readonly string[];

  constructor(code: string, message: string, status = 0, fields: readonly string[] = []) {
    super(message);
    this.name = 'RequestFailure';
    this.code = code;
    this.status = status;
    this.fields = fields;
  }
}

export interface Answer {
  readonly body: unknown;
  /** The server's clock, in milliseconds since 1970, to the second; undefined when it does not say. */
  readonly serverTime: number | undefined;
}

const patienceMs = 10_000;
/** Smaller differences between the clocks are within what the server's date can tell. */
const clockToleranceMs = 2_000;

let csrfToken: string | null = null;
let offsetMs = 0;
let whenSignedOut = (): void => undefined;

/** The token that goes with everything that changes something; null when nobody is signed in. */
export function setCsrfToken(token: string | null): void {
  csrfToken = token;
}

/** Called when the server says that nobody is signed in any more. */
export function onSignedOut(listener: () => void): void {
  whenSignedOut = listener;
}

/** Something looks as if nobody were signed in any more: a live connection that ended may mean that. */
export function suspectSignedOut(): void {
  whenSignedOut();
}

/** Milliseconds by which the server's clock is ahead of the browser's, as the last answer told. */
export function serverOffsetMs(): number {
  return offsetMs;
}

/** Asks for JSON. Throws {@link RequestFailure}. */
export function get(path: string, signal?: AbortSignal): Promise<Answer> {
  return ask(path, { headers: { accept: 'application/json' } }, signal);
}

/** Sends a command. The same `key` makes it safe to send again. Throws {@link RequestFailure}. */
export function post(path: string, body: object, key?: string): Promise<JsonFields> {
  return send('POST', path, body, key);
}

/** As {@link post}, with another method. */
export async function send(
  method: 'POST' | 'PUT' | 'DELETE',
  path: string,
  body: object | undefined,
  key?: string,
): Promise<JsonFields> {
  const headers: Record<string, string> = { accept: 'application/json' };
  if (body !== undefined) headers['content-type'] = 'application/json';
  if (key !== undefined) headers['idempotency-key'] = key;
  if (csrfToken !== null) headers['x-csrf-token'] = csrfToken;
  const answer = await ask(path, { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
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
    const sent = await response.text();
    body = sent === '' ? undefined : JSON.parse(sent);
  } catch {
    throw new RequestFailure('NO_ANSWER', refusalText('NO_ANSWER', ''));
  }
  if (!response.ok) {
    const failure = failureOf(fieldsOf(body), response.status);
    if (failure.code === 'AUTH_REQUIRED') whenSignedOut();
    throw failure;
  }
  const date = Date.parse(response.headers.get('date') ?? '');
  if (!Number.isNaN(date)) {
    const offset = date - Date.now();
    offsetMs = Math.abs(offset) > clockToleranceMs ? offset : 0;
  }
  return { body, serverTime: Number.isNaN(date) ? undefined : date };
}

function failureOf(problem: JsonFields, status: number): RequestFailure {
  const fields = listOf(problem['fields']).map(fieldsOf);
  const code = text(problem['code']);
  const said = text(problem['detail']) || text(problem['title']);
  const names = fields.map(({ field }) => text(field));
  // Which fields are wrong is worth saying; what is wrong with the state is in the sentence already.
  const details = code === 'REQUEST_INVALID' && names.length > 0 ? ` (${names.join(', ')})` : '';
  return new RequestFailure(code, refusalText(code, said) + details, status, names);
}

/** A key for a command, as random as needed. Works on pages without TLS, where `crypto.randomUUID` is missing. */
export function newKey(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
