import { readSettings } from '../config.ts';
import { MillraceError } from '../errors.ts';
import { ServerProblem } from './failure.ts';
import { isObject, textOrNull } from './json-shape.ts';
import { readRunRecord } from './run-file.ts';

/** Asks a running server. Answers are JSON as it came; refusals are a {@link ServerProblem}. */
export interface ServerClient {
  readonly url: string;
  get(path: string): Promise<unknown>;
  post(path: string, body: object): Promise<unknown>;
  /** The answer whatever its status is. Throws NOT_RUNNING when there is none. */
  ask(path: string): Promise<{ readonly status: number; readonly body: unknown }>;
}

/**
 * Where the server is: what was said, else the setting MILLRACE_URL, else what the running server left in the data folder, else the settings HOST
 * and PORT.
 */
export async function findServer(url: string | undefined, env: NodeJS.ProcessEnv = process.env): Promise<string> {
  if (url !== undefined) {
    const isHttp = URL.canParse(url) && /^https?:$/.test(new URL(url).protocol);
    if (!isHttp) throw new MillraceError('USAGE', '--url must be a URL such as http://127.0.0.1:5000');
    return url.replace(/\/+$/, '');
  }
  const settings = readSettings(env);
  if (settings.serverUrl !== undefined) return settings.serverUrl;
  const record = await readRunRecord(settings.dataFolder);
  if (record) return record.url;
  const host = settings.host === '0.0.0.0' || settings.host === '::' ? '127.0.0.1' : settings.host;
  return `http://${host.includes(':') ? `[${host}]` : host}:${settings.port}`;
}

/** A client with a bound on how long it waits for one answer (default 30 s), and the key that it sends along. */
export function connectTo(url: string, timeoutMs = 30_000, apiKey?: string): ServerClient {
  const send = async (path: string, body?: object) => {
    const headers: Record<string, string> = apiKey === undefined ? {} : { 'x-api-key': apiKey };
    const init: RequestInit = { signal: AbortSignal.timeout(timeoutMs), headers };
    if (body !== undefined) {
      init.method = 'POST';
      headers['content-type'] = 'application/json';
      init.body = JSON.stringify(body);
    }
    try {
      const response = await fetch(url + path, init);
      return { status: response.status, body: parseBody(await response.text()) };
    } catch (cause) {
      throw new MillraceError(
        'NOT_RUNNING',
        `Nothing answers at ${url}. Start it with "millrace start", or say where it is with --url.`,
        { cause },
      );
    }
  };
  const succeed = async (path: string, body?: object) => {
    const answer = await send(path, body);
    if (answer.status < 300) return answer.body;
    throw problemFrom(answer.status, answer.body, path);
  };
  return { url, get: (path) => succeed(path), post: (path, body) => succeed(path, body), ask: (path) => send(path) };
}

/** A client for the server that the options mean. */
export async function findAndConnect(options: { readonly url?: string }, timeoutMs?: number): Promise<ServerClient> {
  return connectTo(await findServer(options.url), timeoutMs, readSettings(process.env).apiKey);
}

function parseBody(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function problemFrom(status: number, body: unknown, path: string): ServerProblem {
  const fields = isObject(body) ? body : {};
  const text = (name: string) => (typeof fields[name] === 'string' ? fields[name] : undefined);
  const code = text('code') ?? `HTTP_${status}`;
  const message = text('detail') ?? text('title') ?? `${path} was answered with ${status}.`;
  // There the detail names the fields, and not what is wrong with them.
  const problems =
    code === 'REQUEST_INVALID' && Array.isArray(fields['fields']) ? fields['fields'].filter(isObject) : [];
  const each = problems.map((problem) => ` ${textOrNull(problem, 'field')} ${textOrNull(problem, 'problem')}.`);
  return new ServerProblem(status, code, message + each.join(''));
}
