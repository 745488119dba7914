import { parseHost, parsePort, type Parsed } from './parsers.ts';

/** What the parts of a URL are called in a connection string; all of these names are in use. */
const partOf: { readonly [keyword: string]: Part } = {
  host: 'host',
  server: 'host',
  port: 'port',
  database: 'database',
  db: 'database',
  username: 'user',
  'user name': 'user',
  'user id': 'user',
  userid: 'user',
  uid: 'user',
  user: 'user',
  password: 'password',
  pwd: 'password',
  psw: 'password',
  'ssl mode': 'ssl',
  sslmode: 'ssl',
  'root certificate': 'certificate',
};
type Part = 'host' | 'port' | 'database' | 'user' | 'password' | 'ssl' | 'certificate';

/** How the client that they are made for keeps its connections: ours keeps its own, and passes over them. */
const passedOver = new Set([
  'pooling',
  'minimum pool size',
  'maximum pool size',
  'connection idle lifetime',
  'timeout',
  'command timeout',
  'keepalive',
  'include error detail',
  'application name',
]);

const sslModes: { readonly [mode: string]: string } = {
  disable: 'disable',
  require: 'require',
  verifyca: 'verify-ca',
  'verify-ca': 'verify-ca',
  verifyfull: 'verify-full',
  'verify-full': 'verify-full',
};

/** Keyword, equals sign, and a value: quoted, with the quote doubled inside, or anything without a semicolon. */
const pair = /\s*([^=;]+?)\s*=\s*(?:"((?:[^"]|"")*)"|'((?:[^']|'')*)'|([^;]*?))\s*(?:;|$)/y;

/**
 * A connection string as .NET programs have it (`Host=db;Port=5432;Database=events;Username=me;Password=secret`) as the
 * URL of the same database. A problem names the keyword that is wrong and repeats no value.
 */
export function parseConnectionString(text: string): Parsed<string> {
  const parts = new Map<Part, string>();
  pair.lastIndex = 0;
  for (let at = 0; at < text.length; at = pair.lastIndex) {
    if (/^[\s;]*$/.test(text.slice(at))) break;
    const found = pair.exec(text);
    const number = partAt(text, at);
    if (found === null) return { problem: `${shape}; its part ${number} is none of these` };
    const [, keyword = '', double, single, plain = ''] = found;
    const name = keyword.toLowerCase().replaceAll(/\s+/g, ' ');
    if (passedOver.has(name)) continue;
    const part = partOf[name];
    if (part === undefined) return { problem: `${shape}; nobody knows the name of its part ${number}` };
    if (parts.has(part)) return { problem: `says ${keyword} twice` };
    parts.set(part, double?.replaceAll('""', '"') ?? single?.replaceAll("''", "'") ?? plain);
  }
  return urlOf(parts);
}

const shape = 'must be parts such as Host=db;Port=5432;Database=events;Username=me;Password=secret';

/** Which part of the string, counted from 1. Its text may be a piece of a password, and is not repeated. */
function partAt(text: string, at: number): number {
  return text.slice(0, at).split(';').length;
}

function urlOf(parts: ReadonlyMap<Part, string>): Parsed<string> {
  const host = parts.get('host') ?? '';
  const database = parts.get('database') ?? '';
  if (host === '') return { problem: `${shape}; Host is missing` };
  if (database === '') return { problem: `${shape}; Database is missing` };
  const checkedHost = parseHost(host);
  if ('problem' in checkedHost) return { problem: `has a Host that ${checkedHost.problem}` };
  const port = parts.get('port') ?? '5432';
  const checkedPort = parsePort(port);
  if ('problem' in checkedPort) return { problem: `has a Port that ${checkedPort.problem}` };
  const ssl = parts.get('ssl');
  const mode = ssl === undefined ? undefined : sslModes[ssl.toLowerCase()];
  if (ssl !== undefined && mode === undefined) {
    return { problem: 'has an SSL Mode that must be Disable, Require, VerifyCA or VerifyFull' };
  }
  const user = parts.get('user');
  const password = parts.get('password');
  if (user === undefined && password !== undefined) return { problem: `${shape}; Username is missing` };
  const url = new URL(`postgres://${host.includes(':') ? `[${host}]` : host}:${port}/${encodeURIComponent(database)}`);
  if (user !== undefined) url.username = encodeURIComponent(user);
  if (password !== undefined) url.password = encodeURIComponent(password);
  if (mode !== undefined) url.searchParams.set('sslmode', mode);
  const certificate = parts.get('certificate');
  if (certificate !== undefined) url.searchParams.set('sslrootcert', certificate);
  return { value: url.href };
}
