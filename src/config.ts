import net from 'node:net';
import path from 'node:path';
import { MillraceError, type FieldProblem } from './errors.ts';

/**
 * Every setting of the platform, in one table: environment variables, read once at start. `docs/reference/settings.md`
 * shows the same table, and a test compares the two.
 */

type Parsed<T> = { value: T } | { problem: string };

interface SettingDefinition<T> {
  /** What it means, in one sentence. */
  readonly meaning: string;
  /** The default as it is documented. */
  readonly defaultText: string;
  readonly defaultValue: T;
  /** Checks a value that was given (never an empty one). A problem must not repeat the value of a secret. */
  readonly parse: (text: string) => Parsed<T>;
  /** Holds a password: never shown as it is. */
  readonly secret: boolean;
  readonly example: string;
}

const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

/** How much is logged. */
export type LogLevel = (typeof logLevels)[number];

/** The settings of a process, checked. */
export interface Settings {
  /** Address to listen on. */
  readonly host: string;
  /** Port to listen on; 0 takes a free one. */
  readonly port: number;
  /** Absolute path of the folder for the data of the embedded parts. */
  readonly dataFolder: string;
  /** URL of the event store's database; set together with `readModelsUrl`, or neither. Holds a password. */
  readonly eventStoreUrl: string | undefined;
  /** URL of the read models' database. Holds a password. */
  readonly readModelsUrl: string | undefined;
  readonly logLevel: LogLevel;
  /** `millrace start` prepares the databases first. */
  readonly migrate: boolean;
  /** Where the commands that ask a running server find it; without the slash at the end. */
  readonly serverUrl: string | undefined;
}

function parseHost(text: string): Parsed<string> {
  const name = /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/i;
  // Digits and dots that are no address are a mistyped address, not a name.
  const known = net.isIP(text) !== 0 || (name.test(text) && !/^[\d.]+$/.test(text));
  return known ? { value: text } : { problem: 'must be an IP address or a host name' };
}

function parsePort(text: string): Parsed<number> {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  return port <= 65_535 ? { value: port } : { problem: 'must be a whole number from 0 to 65535' };
}

function parseFolder(text: string): Parsed<string> {
  return text.includes('\0') ? { problem: 'must be a path' } : { value: path.resolve(text) };
}

function parseDatabaseUrl(text: string): Parsed<string> {
  const problem = 'must be a URL such as postgres://user:password@host:5432/database';
  if (!URL.canParse(text)) return { problem };
  const url = new URL(text);
  const scheme = url.protocol === 'postgres:' || url.protocol === 'postgresql:';
  if (!scheme || url.hostname === '') return { problem };
  return url.pathname.length > 1 ? { value: text } : { problem: `${problem}; the database is missing` };
}

function parseLogLevel(text: string): Parsed<LogLevel> {
  const level = logLevels.find((known) => known === text.toLowerCase());
  return level ? { value: level } : { problem: `must be one of ${logLevels.join(', ')}` };
}

function parseYesNo(text: string): Parsed<boolean> {
  const answer = text.toLowerCase();
  return answer === 'yes' || answer === 'no' ? { value: answer === 'yes' } : { problem: 'must be yes or no' };
}

function parseServerUrl(text: string): Parsed<string> {
  const isHttp = URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);
  return isHttp ? { value: text.replace(/\/+$/, '') } : { problem: 'must be a URL such as http://127.0.0.1:5000' };
}

const databaseUrl = (meaning: string, example: string): SettingDefinition<string | undefined> => ({
  meaning,
  defaultText: '(the embedded PostgreSQL)',
  defaultValue: undefined,
  parse: parseDatabaseUrl,
  secret: true,
  example,
});

const define = <T>(definition: SettingDefinition<T>) => definition;

/** The table of settings, by the name of the environment variable. */
export const settingsTable = {
  HOST: define({
    meaning: 'Address to listen on. `0.0.0.0` makes the server reachable from other machines.',
    defaultText: '127.0.0.1',
    defaultValue: '127.0.0.1',
    parse: parseHost,
    secret: false,
    example: '0.0.0.0',
  }),
  PORT: define({
    meaning: 'Port to listen on. 0 takes a free one.',
    defaultText: '5000',
    defaultValue: 5000,
    parse: parsePort,
    secret: false,
    example: '8080',
  }),
  MILLRACE_DATA: define({
    meaning: 'Folder for the data of the embedded parts. A relative path begins at the current folder.',
    defaultText: '.millrace',
    defaultValue: '.millrace',
    parse: parseFolder,
    secret: false,
    example: '/srv/millrace',
  }),
  EVENT_STORE_URL: define(
    databaseUrl(
      'PostgreSQL database for the events, instead of the embedded one. Goes together with READ_MODELS_URL.',
      'postgres://millrace:secret@db.example:5432/event_store',
    ),
  ),
  READ_MODELS_URL: define(
    databaseUrl(
      'PostgreSQL database for the read models, instead of the embedded one. Goes together with EVENT_STORE_URL.',
      'postgres://millrace:secret@db.example:5432/read_models',
    ),
  ),
  LOG_LEVEL: define<LogLevel>({
    meaning: `How much is logged: ${logLevels.join(', ')}.`,
    defaultText: 'info',
    defaultValue: 'info',
    parse: parseLogLevel,
    secret: false,
    example: 'debug',
  }),
  MILLRACE_MIGRATE: define({
    meaning: 'Whether `millrace start` prepares the databases first. With `no`, `millrace migrate` does it: yes or no.',
    defaultText: 'yes',
    defaultValue: true,
    parse: parseYesNo,
    secret: false,
    example: 'no',
  }),
  MILLRACE_URL: define<string | undefined>({
    meaning:
      'Where the commands that ask a running server find it, when it is another one than that of the data folder.',
    defaultText: '(the server of the data folder)',
    defaultValue: undefined,
    parse: parseServerUrl,
    secret: false,
    example: 'https://millrace.example',
  }),
};

/** The name of a setting: an environment variable. */
export type SettingName = keyof typeof settingsTable;

const ownPrefix = 'MILLRACE_';
/** Read by the project's own tests, which start servers with the environment they run in. */
const testPrefix = 'MILLRACE_TEST_';

function unknownVariables(env: NodeJS.ProcessEnv): FieldProblem[] {
  const known = Object.keys(settingsTable).filter((name) => name.startsWith(ownPrefix));
  return Object.keys(env)
    .filter((name) => name.startsWith(ownPrefix) && !name.startsWith(testPrefix) && !known.includes(name))
    .map((field) => ({ field, problem: `is not a setting; with this prefix there is ${known.join(', ')}` }));
}

/**
 * Reads and checks all settings at once. An empty variable counts as not set.
 *
 * Throws SETTING_INVALID, or SETTING_UNKNOWN when nothing but unknown MILLRACE_ names is wrong; `fields` has every
 * wrong setting by name. Values of secrets are never repeated.
 * @example const settings = readSettings(process.env);
 */
export function readSettings(env: NodeJS.ProcessEnv): Settings {
  const invalid: FieldProblem[] = [];
  const given = (name: SettingName): string | undefined => env[name]?.trim() || undefined;
  const read = <T>(name: SettingName, definition: SettingDefinition<T>): T => {
    const text = given(name);
    if (text === undefined) return definition.defaultValue;
    const parsed = definition.parse(text);
    if ('value' in parsed) return parsed.value;
    invalid.push({ field: name, problem: parsed.problem });
    return definition.defaultValue;
  };

  const settings: Settings = {
    host: read('HOST', settingsTable.HOST),
    port: read('PORT', settingsTable.PORT),
    dataFolder: path.resolve(read('MILLRACE_DATA', settingsTable.MILLRACE_DATA)),
    eventStoreUrl: read('EVENT_STORE_URL', settingsTable.EVENT_STORE_URL),
    readModelsUrl: read('READ_MODELS_URL', settingsTable.READ_MODELS_URL),
    logLevel: read('LOG_LEVEL', settingsTable.LOG_LEVEL),
    migrate: read('MILLRACE_MIGRATE', settingsTable.MILLRACE_MIGRATE),
    serverUrl: read('MILLRACE_URL', settingsTable.MILLRACE_URL),
  };
  for (const [name, other] of [
    ['EVENT_STORE_URL', 'READ_MODELS_URL'],
    ['READ_MODELS_URL', 'EVENT_STORE_URL'],
  ] as const) {
    if (given(name) === undefined && given(other) !== undefined) {
      invalid.push({ field: name, problem: `is missing: ${other} is set, and the two go together` });
    }
  }

  const unknown = unknownVariables(env);
  const fields = [...invalid, ...unknown];
  if (fields.length > 0) {
    const lines = fields.map(({ field, problem }) => `${field} ${problem}.`);
    throw new MillraceError(invalid.length > 0 ? 'SETTING_INVALID' : 'SETTING_UNKNOWN', lines.join('\n'), { fields });
  }
  return settings;
}

/**
 * A database URL that may be shown: every password in it is replaced by `***`.
 * @example hidePassword('postgres://me:secret@db/events') // 'postgres://me:***@db/events'
 */
export function hidePassword(text: string): string {
  if (!URL.canParse(text)) return '***';
  const url = new URL(text);
  if (url.password !== '') url.password = '***';
  for (const name of new Set(url.searchParams.keys())) {
    // PostgreSQL URLs may carry passwords as parameters, too: password, sslpassword.
    if (/password|secret|token/i.test(name)) url.searchParams.set(name, '***');
  }
  return url.href;
}

/** The effective settings, to be shown: in the order of the table, secrets hidden, an unset one with its default's text. */
export function shownSettings(settings: Settings): { name: SettingName; value: string }[] {
  const value = (name: SettingName, text: string | number | undefined) => {
    const { defaultText, secret } = settingsTable[name];
    if (text === undefined) return { name, value: defaultText };
    return { name, value: secret ? hidePassword(String(text)) : String(text) };
  };
  return [
    value('HOST', settings.host),
    value('PORT', settings.port),
    value('MILLRACE_DATA', settings.dataFolder),
    value('EVENT_STORE_URL', settings.eventStoreUrl),
    value('READ_MODELS_URL', settings.readModelsUrl),
    value('LOG_LEVEL', settings.logLevel),
    value('MILLRACE_MIGRATE', settings.migrate ? 'yes' : 'no'),
    value('MILLRACE_URL', settings.serverUrl),
  ];
}
