import {
  accessModes,
  logLevels,
  parseAccessMode,
  parseBrokerUrl,
  parseBytes,
  parseDatabaseUrl,
  parseDuration,
  parseFolder,
  parseHost,
  parseHttpUrl,
  parseLogLevel,
  parseNetworks,
  parsePairs,
  parsePort,
  parseSchedule,
  parseText,
  parseWhole,
  parseYesNo,
  type AccessModeName,
  type LogLevel,
  type Parsed,
} from './parsers.ts';
import { defaultRetrySchedule } from '../retry-schedule.ts';

/** One setting: an environment variable. */
export interface SettingDefinition<T> {
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

const databaseUrl = (meaning: string, example: string): SettingDefinition<string | undefined> => ({
  meaning,
  defaultText: '(the embedded PostgreSQL)',
  defaultValue: undefined,
  parse: parseDatabaseUrl,
  secret: true,
  example,
});

const define = <T>(definition: SettingDefinition<T>) => definition;

/**
 * The table of settings, by the name of the environment variable. `docs/reference/settings.md` shows the same table, and
 * `.env.template` lists the same names; tests compare them.
 */
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
  HEALTH_PORT: define<number | undefined>({
    meaning:
      'One more port, with the health routes, and of a process without the API with its metrics. 0 takes a free one.',
    defaultText: '(none)',
    defaultValue: undefined,
    parse: parsePort,
    secret: false,
    example: '8081',
  }),
  GRPC_PORT: define<number | undefined>({
    meaning:
      'Port of gRPC, on the same address. 0 takes a free one. `npm start` serves it on 5001 or the next free one.',
    defaultText: '(none)',
    defaultValue: undefined,
    parse: parsePort,
    secret: false,
    example: '5001',
  }),
  GRPC_TLS_CERT: define<string | undefined>({
    meaning: 'File with the certificate chain of gRPC, in PEM. Goes together with GRPC_TLS_KEY.',
    defaultText: '(none: not encrypted)',
    defaultValue: undefined,
    parse: parseFolder,
    secret: false,
    example: '/srv/tls/grpc.crt',
  }),
  GRPC_TLS_KEY: define<string | undefined>({
    meaning: 'File with the private key of that certificate, in PEM.',
    defaultText: '(none)',
    defaultValue: undefined,
    parse: parseFolder,
    secret: false,
    example: '/srv/tls/grpc.key',
  }),
  GRPC_PLAINTEXT: define({
    meaning: 'Whether other machines may reach gRPC without TLS, because something in front of it encrypts: yes or no.',
    defaultText: 'no',
    defaultValue: false,
    parse: parseYesNo,
    secret: false,
    example: 'yes',
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
  RABBITMQ_URL: define<string | undefined>({
    meaning: 'RabbitMQ that carries events from the relay to the projectors: `amqp://` or `amqps://`.',
    defaultText: '(the broker inside the process)',
    defaultValue: undefined,
    parse: parseBrokerUrl,
    secret: true,
    example: 'amqp://millrace:secret@mq.example:5672/millrace',
  }),
  RELAY_POLLING_INTERVAL: define({
    meaning: 'How often the relay looks at the log when nothing wakes it, from 10ms to 1h.',
    defaultText: '1s',
    defaultValue: 1_000,
    parse: parseDuration(10, 3_600_000, '500ms, 1s or 2m'),
    secret: false,
    example: '500ms',
  }),
  RELAY_BATCH_SIZE: define({
    meaning: 'Events that the relay hands to the broker at once, from 1 to 10000.',
    defaultText: '500',
    defaultValue: 500,
    parse: parseWhole(1, 10_000),
    secret: false,
    example: '200',
  }),
  RETRY_SCHEDULE: define<readonly number[]>({
    meaning: 'Pauses before an event that failed by itself is tried again; behind the last one a person decides.',
    defaultText: '30s, 2m, 30m, 1h',
    defaultValue: defaultRetrySchedule,
    parse: parseSchedule,
    secret: false,
    example: '10s, 1m, 10m',
  }),
  RETRY_ATTEMPTS: define<number | undefined>({
    meaning:
      'The attempt that is left to a person. It cuts RETRY_SCHEDULE short, or repeats its last pause; from 1 to 100.',
    defaultText: '(one more than RETRY_SCHEDULE has pauses: 5)',
    defaultValue: undefined,
    parse: parseWhole(1, 100),
    secret: false,
    example: '4',
  }),
  REBUILD_KEEP_OLD: define({
    meaning: 'How long the build before a rebuild is kept up to date, so that there is a way back; from 1s to 720h.',
    defaultText: '24h',
    defaultValue: 24 * 3_600_000,
    parse: parseDuration(1_000, 720 * 3_600_000, '90m or 24h'),
    secret: false,
    example: '2h',
  }),
  LOG_DISK_LIMIT: define<number | undefined>({
    meaning: 'When the database of the events is larger, commands are refused with LOG_FULL. Reads go on.',
    defaultText: '(none)',
    defaultValue: undefined,
    parse: parseBytes,
    secret: false,
    example: '200GiB',
  }),
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
    parse: parseHttpUrl,
    secret: false,
    example: 'https://millrace.example',
  }),
  MILLRACE_API_KEY: define<string | undefined>({
    meaning: 'API key that the commands that ask a running server send along.',
    defaultText: '(none)',
    defaultValue: undefined,
    parse: parseText,
    secret: true,
    example: 'mk_0123456789abcdefghijklmnopqrstuvwxyzABCDEFG',
  }),
  ACCESS_MODE: define<AccessModeName | undefined>({
    meaning: `Who may come in: with demo everybody, with every role; with required who has signed in: ${accessModes.join(' or ')}.`,
    defaultText: '(demo when HOST is an address of this machine alone, else required)',
    defaultValue: undefined,
    parse: parseAccessMode,
    secret: false,
    example: 'required',
  }),
  SIGN_IN_IDLE: define({
    meaning: 'After how long without a request a sign-in ends, from 1m to 24h.',
    defaultText: '1h',
    defaultValue: 3_600_000,
    parse: parseDuration(60_000, 24 * 3_600_000, '15m or 1h'),
    secret: false,
    example: '15m',
  }),
  SIGN_IN_LIFETIME: define({
    meaning: 'After how long a sign-in ends whatever is done, from 5m to 720h.',
    defaultText: '12h',
    defaultValue: 12 * 3_600_000,
    parse: parseDuration(300_000, 720 * 3_600_000, '12h'),
    secret: false,
    example: '8h',
  }),
  PUBLIC_URL: define<string | undefined>({
    meaning:
      'Where browsers find the server; a provider sends them back to it. Needed for OIDC_ISSUER when others reach the server.',
    defaultText: '(HOST and PORT)',
    defaultValue: undefined,
    parse: parseHttpUrl,
    secret: false,
    example: 'https://shop.example',
  }),
  TRUSTED_PROXIES: define<readonly string[]>({
    meaning:
      'Proxies in front of the server, whose `X-Forwarded-For` is believed; attempts to sign in are counted by address.',
    defaultText: '(none)',
    defaultValue: [],
    parse: parseNetworks,
    secret: false,
    example: '10.0.0.1, 192.168.0.0/16',
  }),
  OIDC_ISSUER: define<string | undefined>({
    meaning: 'OpenID Connect provider that signs people in.',
    defaultText: '(none)',
    defaultValue: undefined,
    parse: parseHttpUrl,
    secret: false,
    example: 'https://login.example/realms/shop',
  }),
  OIDC_CLIENT_ID: define<string | undefined>({
    meaning: 'What the server is called at the provider. Goes together with OIDC_ISSUER.',
    defaultText: '(none)',
    defaultValue: undefined,
    parse: parseText,
    secret: false,
    example: 'millrace',
  }),
  OIDC_CLIENT_SECRET: define<string | undefined>({
    meaning: 'Its secret there; without one it is a public client.',
    defaultText: '(none)',
    defaultValue: undefined,
    parse: parseText,
    secret: true,
    example: 'a long random text',
  }),
  OIDC_ROLES_CLAIM: define({
    meaning: 'The claim of ID tokens and access tokens that holds roles; dots go into objects.',
    defaultText: 'roles',
    defaultValue: 'roles',
    parse: parseText,
    secret: false,
    example: 'realm_access.roles',
  }),
  OIDC_ROLES_MAP: define<{ readonly [value: string]: string }>({
    meaning: 'From values of that claim to roles; a value without an entry is taken for the role of that name.',
    defaultText: '(none)',
    defaultValue: {},
    parse: parsePairs,
    secret: false,
    example: 'Shop Managers=manager, Front Desk=clerk',
  }),
};

/** The name of a setting: an environment variable. */
export type SettingName = keyof typeof settingsTable;
