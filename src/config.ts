import path from 'node:path';
import { translateAliases, unknownAliases, type AliasName } from './config/aliases.ts';
import {
  bytesText,
  daysText,
  durationText,
  scheduleText,
  type EventLogMode,
  type LogLevel,
  type SamplerName,
} from './config/parsers.ts';
import { settingsTable, type SettingDefinition, type SettingName } from './config/settings-table.ts';
import { MillraceError, type FieldProblem } from './errors.ts';

export type { EventLogMode, LogLevel, SamplerName } from './config/parsers.ts';
export { settingsTable, type SettingName } from './config/settings-table.ts';

/**
 * The settings of the platform: environment variables, read once at start. What there is stands in two tables in
 * `config/`, one of our own names and one of the names that other programs for the same job use.
 */

/** The settings of a process, checked. */
export interface Settings {
  /** Address to listen on. */
  readonly host: string;
  /** Port to listen on; 0 takes a free one. */
  readonly port: number;
  /** Port of the health routes alone; undefined for none. */
  readonly healthPort: number | undefined;
  readonly grpc: {
    /** Port of gRPC; 0 takes a free one, undefined for none. */
    readonly port: number | undefined;
    /** Absolute paths of PEM files; set together, or neither. */
    readonly certificate: string | undefined;
    readonly key: string | undefined;
    /** May be reached by other machines without TLS. */
    readonly plaintext: boolean;
  };
  /** Absolute path of the folder for the data of the embedded parts. */
  readonly dataFolder: string;
  /** URL of the event store's database; set together with `readModelsUrl`, or neither. Holds a password. */
  readonly eventStoreUrl: string | undefined;
  /** URL of the read models' database. Holds a password. */
  readonly readModelsUrl: string | undefined;
  /** URL of a RabbitMQ; without it the broker is inside the process. Holds a password. */
  readonly rabbitmqUrl: string | undefined;
  readonly relay: {
    /** Milliseconds. */
    readonly pollingInterval: number;
    /** Events. */
    readonly batchSize: number;
  };
  /** Pauses before an event that failed by itself is tried again, in milliseconds; behind the last a person decides. */
  readonly retrySchedule: readonly number[];
  /** How long the build before a rebuild is kept up to date, in milliseconds. */
  readonly keepOldBuildMs: number;
  /** Bytes that the event store's database may have; undefined for no limit. */
  readonly logDiskLimit: number | undefined;
  readonly lagRetention: {
    /** Milliseconds. */
    readonly keepRowsMs: number;
    /** Milliseconds. */
    readonly keepMinutesMs: number;
  };
  readonly archive: {
    /** Absolute path as it was set; see {@link archiveFolder}. */
    readonly folder: string | undefined;
    /** Milliseconds. */
    readonly afterMs: number;
  };
  readonly logLevel: LogLevel;
  readonly tracing: {
    /** Where an OTLP receiver listens; without the slash at the end. Undefined when nothing is traced. */
    readonly endpoint: string | undefined;
    /** Undefined when it goes by the roles. */
    readonly service: string | undefined;
    readonly sampler: SamplerName;
    /** From 0 to 1. */
    readonly ratio: number;
  };
  readonly logs: {
    /** Absolute path of the folder for log files; undefined for none. */
    readonly folder: string | undefined;
    /** Milliseconds. */
    readonly keepMs: number;
    /** Of all files together. */
    readonly keepBytes: number;
    readonly events: EventLogMode;
    /** Milliseconds. */
    readonly slowMs: number;
    /** The Seq that gets the files. Holds a secret. */
    readonly seq:
      | { readonly url: string; readonly apiKey: string | undefined; readonly apiKeyFile: string | undefined }
      | undefined;
  };
  /** `millrace start` prepares the databases first. */
  readonly migrate: boolean;
  /** Where the commands that ask a running server find it; without the slash at the end. */
  readonly serverUrl: string | undefined;
  /** API key for commands that ask a running server. Secret. */
  readonly apiKey: string | undefined;
  /** Where browsers find the server; without the slash at the end. */
  readonly publicUrl: string | undefined;
  readonly trustedProxies: readonly string[];
  readonly access: {
    /** Undefined when it goes by the address that is listened on. */
    readonly mode: 'demo' | 'required' | undefined;
    /** Milliseconds. */
    readonly idleMs: number;
    /** Milliseconds. */
    readonly lifetimeMs: number;
  };
  /** The provider that signs people in. Holds a secret. */
  readonly oidc:
    | {
        readonly issuer: string;
        readonly clientId: string;
        readonly clientSecret: string | undefined;
        readonly rolesClaim: string;
        readonly roleMapping: { readonly [value: string]: string };
      }
    | undefined;
}

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
 * Throws SETTING_INVALID, or SETTING_UNKNOWN when nothing but unknown names is wrong; `fields` has every wrong setting
 * by the name it was given under. Values of secrets are never repeated.
 * @example const settings = readSettings(process.env);
 */
export function readSettings(env: NodeJS.ProcessEnv): Settings {
  const given = (name: SettingName | AliasName): string | undefined => env[name]?.trim() || undefined;
  const aliases = translateAliases(given);
  const invalid: FieldProblem[] = [];
  const read = <T>(name: SettingName, definition: SettingDefinition<T>): T => {
    const own = given(name);
    const alias = aliases.settings.get(name);
    const text = own ?? alias?.text;
    if (text === undefined) return definition.defaultValue;
    const parsed = definition.parse(text);
    if ('problem' in parsed) {
      invalid.push({ field: own === undefined ? (alias?.from[0] ?? name) : name, problem: parsed.problem });
      return definition.defaultValue;
    }
    if (own !== undefined && alias !== undefined && !isSame(parsed, definition.parse(alias.text))) {
      const [field = name, ...others] = alias.from;
      const and = others.length === 0 ? '' : ` (with ${others.join(', ')})`;
      invalid.push({ field, problem: `says something else than ${name}${and}; set one of the two` });
    }
    return parsed.value;
  };

  const schedule = read('RETRY_SCHEDULE', settingsTable.RETRY_SCHEDULE);
  const issuer = read('OIDC_ISSUER', settingsTable.OIDC_ISSUER);
  const clientId = read('OIDC_CLIENT_ID', settingsTable.OIDC_CLIENT_ID);
  const dataFolder = path.resolve(read('MILLRACE_DATA', settingsTable.MILLRACE_DATA));
  const logFolder = read('LOG_FOLDER', settingsTable.LOG_FOLDER);
  const seqUrl = read('SEQ_URL', settingsTable.SEQ_URL);
  const settings: Settings = {
    host: read('HOST', settingsTable.HOST),
    port: read('PORT', settingsTable.PORT),
    healthPort: read('HEALTH_PORT', settingsTable.HEALTH_PORT),
    grpc: {
      port: read('GRPC_PORT', settingsTable.GRPC_PORT),
      certificate: read('GRPC_TLS_CERT', settingsTable.GRPC_TLS_CERT),
      key: read('GRPC_TLS_KEY', settingsTable.GRPC_TLS_KEY),
      plaintext: read('GRPC_PLAINTEXT', settingsTable.GRPC_PLAINTEXT),
    },
    dataFolder,
    eventStoreUrl: read('EVENT_STORE_URL', settingsTable.EVENT_STORE_URL),
    readModelsUrl: read('READ_MODELS_URL', settingsTable.READ_MODELS_URL),
    rabbitmqUrl: read('RABBITMQ_URL', settingsTable.RABBITMQ_URL),
    relay: {
      pollingInterval: read('RELAY_POLLING_INTERVAL', settingsTable.RELAY_POLLING_INTERVAL),
      batchSize: read('RELAY_BATCH_SIZE', settingsTable.RELAY_BATCH_SIZE),
    },
    retrySchedule: pausesFor(schedule, read('RETRY_ATTEMPTS', settingsTable.RETRY_ATTEMPTS)),
    keepOldBuildMs: read('REBUILD_KEEP_OLD', settingsTable.REBUILD_KEEP_OLD),
    logDiskLimit: read('LOG_DISK_LIMIT', settingsTable.LOG_DISK_LIMIT),
    lagRetention: {
      keepRowsMs: read('LAG_RETENTION', settingsTable.LAG_RETENTION),
      keepMinutesMs: read('LAG_METRICS_RETENTION', settingsTable.LAG_METRICS_RETENTION),
    },
    archive: {
      folder: read('ARCHIVE_FOLDER', settingsTable.ARCHIVE_FOLDER),
      afterMs: read('ARCHIVE_AFTER', settingsTable.ARCHIVE_AFTER),
    },
    logLevel: read('LOG_LEVEL', settingsTable.LOG_LEVEL),
    tracing: {
      endpoint: read('OTEL_EXPORTER_OTLP_ENDPOINT', settingsTable.OTEL_EXPORTER_OTLP_ENDPOINT),
      service: read('OTEL_SERVICE_NAME', settingsTable.OTEL_SERVICE_NAME),
      sampler: read('OTEL_TRACES_SAMPLER', settingsTable.OTEL_TRACES_SAMPLER),
      ratio: read('OTEL_TRACES_SAMPLER_ARG', settingsTable.OTEL_TRACES_SAMPLER_ARG),
    },
    logs: {
      folder: logFolder === 'none' ? undefined : (logFolder ?? path.join(dataFolder, 'logs')),
      keepMs: read('LOG_KEEP', settingsTable.LOG_KEEP),
      keepBytes: read('LOG_KEEP_SIZE', settingsTable.LOG_KEEP_SIZE),
      events: read('LOG_EVENTS', settingsTable.LOG_EVENTS),
      slowMs: read('LOG_SLOW', settingsTable.LOG_SLOW),
      seq:
        seqUrl === undefined
          ? undefined
          : {
              url: seqUrl,
              apiKey: read('SEQ_API_KEY', settingsTable.SEQ_API_KEY),
              apiKeyFile: read('SEQ_API_KEY_FILE', settingsTable.SEQ_API_KEY_FILE),
            },
    },
    migrate: read('MILLRACE_MIGRATE', settingsTable.MILLRACE_MIGRATE),
    serverUrl: read('MILLRACE_URL', settingsTable.MILLRACE_URL),
    apiKey: read('MILLRACE_API_KEY', settingsTable.MILLRACE_API_KEY),
    publicUrl: read('PUBLIC_URL', settingsTable.PUBLIC_URL),
    trustedProxies: read('TRUSTED_PROXIES', settingsTable.TRUSTED_PROXIES),
    access: {
      mode: read('ACCESS_MODE', settingsTable.ACCESS_MODE),
      idleMs: read('SIGN_IN_IDLE', settingsTable.SIGN_IN_IDLE),
      lifetimeMs: read('SIGN_IN_LIFETIME', settingsTable.SIGN_IN_LIFETIME),
    },
    oidc:
      issuer === undefined || clientId === undefined
        ? undefined
        : {
            issuer,
            clientId,
            clientSecret: read('OIDC_CLIENT_SECRET', settingsTable.OIDC_CLIENT_SECRET),
            rolesClaim: read('OIDC_ROLES_CLAIM', settingsTable.OIDC_ROLES_CLAIM),
            roleMapping: read('OIDC_ROLES_MAP', settingsTable.OIDC_ROLES_MAP),
          },
  };
  invalid.push(...aliases.problems);
  const nameOf = (name: SettingName) => (given(name) === undefined ? aliases.settings.get(name)?.from[0] : name);
  for (const [name, other] of [
    ['EVENT_STORE_URL', 'READ_MODELS_URL'],
    ['READ_MODELS_URL', 'EVENT_STORE_URL'],
  ] as const) {
    const set = nameOf(other);
    const isBroken = aliases.problems.some(({ field }) => field === databaseAlias[name]);
    if (nameOf(name) === undefined && set !== undefined && !isBroken) {
      const problem = `is missing: ${set} is set, and the two go together (${databaseAlias[name]} is another name of it)`;
      invalid.push({ field: name, problem });
    }
  }

  if (settings.archive.afterMs < settings.lagRetention.keepRowsMs) {
    const problem = `must not be less than LAG_RETENTION (${daysText(settings.lagRetention.keepRowsMs)}): an event stays while the ledger has its row`;
    invalid.push({ field: 'ARCHIVE_AFTER', problem });
  }
  invalid.push(...grpcProblems(settings));
  if (seqUrl !== undefined && settings.logs.folder === undefined) {
    const problem = 'wants log files, which are what is sent; LOG_FOLDER is none';
    invalid.push({ field: nameOf('SEQ_URL') ?? 'SEQ_URL', problem });
  }
  for (const [name, other] of [
    ['OIDC_CLIENT_ID', 'OIDC_ISSUER'],
    ['OIDC_ISSUER', 'OIDC_CLIENT_ID'],
  ] as const) {
    if (given(name) === undefined && given(other) !== undefined) {
      invalid.push({ field: name, problem: `is missing: ${other} is set, and the two go together` });
    }
  }

  const unknown = [...unknownVariables(env), ...unknownAliases(env)];
  const fields = [...invalid, ...unknown];
  if (fields.length > 0) {
    const lines = fields.map(({ field, problem }) => `${field} ${problem}.`);
    throw new MillraceError(invalid.length > 0 ? 'SETTING_INVALID' : 'SETTING_UNKNOWN', lines.join('\n'), { fields });
  }
  return settings;
}

function grpcProblems({ host, grpc: { port, certificate, key, plaintext } }: Settings): FieldProblem[] {
  if ((certificate === undefined) !== (key === undefined)) {
    const [field, other] = key === undefined ? ['GRPC_TLS_KEY', 'GRPC_TLS_CERT'] : ['GRPC_TLS_CERT', 'GRPC_TLS_KEY'];
    return [{ field, problem: `is missing: ${other} is set, and the two go together` }];
  }
  if (port === undefined || certificate !== undefined || plaintext || isLoopback(host)) return [];
  const problem =
    `would be served without encryption on ${host}; set GRPC_TLS_CERT and GRPC_TLS_KEY, or GRPC_PLAINTEXT=yes when ` +
    'something in front of it encrypts';
  return [{ field: 'GRPC_PORT', problem }];
}

/**
 * The folder of archive files. The embedded PostgreSQL keeps its data in the data folder, so its archive may stand there,
 * too; with another server the data folder may be gone with the process, and undefined says that nothing is archived.
 */
export function archiveFolder({ archive, dataFolder, eventStoreUrl }: Settings): string | undefined {
  return archive.folder ?? (eventStoreUrl === undefined ? path.join(dataFolder, 'archive') : undefined);
}

/** The same as the options of what reads the log: nothing where nothing is archived. */
export function archiveToRead(settings: Settings): { readonly archive?: { readonly folder: string } } {
  const folder = archiveFolder(settings);
  return folder === undefined ? {} : { archive: { folder } };
}

/** Whether an address can be reached from the same machine only. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(host);
}

const databaseAlias = {
  EVENT_STORE_URL: 'EventStore__ConnectionString',
  READ_MODELS_URL: 'ReadModels__ConnectionString',
} as const satisfies { readonly [name: string]: AliasName };

function isSame(one: unknown, other: unknown): boolean {
  return JSON.stringify(one, withDefaults) === JSON.stringify(other, withDefaults);
}

const defaultPorts: { readonly [scheme: string]: string } = { 'postgres:': '5432', 'amqp:': '5672', 'amqps:': '5671' };

/** URLs with what they leave out, so that two that mean the same are the same. */
function withDefaults(_name: string, value: unknown): unknown {
  if (typeof value !== 'string' || !URL.canParse(value)) return value;
  const url = new URL(value.replace(/^postgresql:/, 'postgres:'));
  if (url.port === '') url.port = defaultPorts[url.protocol] ?? '';
  return url.href;
}

/** As many pauses as there are attempts before the one that is left to a person. */
function pausesFor(schedule: readonly number[], attempts: number | undefined): readonly number[] {
  if (attempts === undefined) return schedule;
  return Array.from({ length: attempts - 1 }, (_, index) => schedule[Math.min(index, schedule.length - 1)] ?? 0);
}

/**
 * A URL that may be shown: every password in it is replaced by `***`.
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

function pairsText(pairs: { readonly [from: string]: string }): string | undefined {
  const text = Object.entries(pairs).map(([from, to]) => `${from}=${to}`);
  return text.length === 0 ? undefined : text.join(', ');
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
    value('HEALTH_PORT', settings.healthPort),
    value('GRPC_PORT', settings.grpc.port),
    value('GRPC_TLS_CERT', settings.grpc.certificate),
    value('GRPC_TLS_KEY', settings.grpc.key),
    value('GRPC_PLAINTEXT', settings.grpc.plaintext ? 'yes' : 'no'),
    value('MILLRACE_DATA', settings.dataFolder),
    value('EVENT_STORE_URL', settings.eventStoreUrl),
    value('READ_MODELS_URL', settings.readModelsUrl),
    value('RABBITMQ_URL', settings.rabbitmqUrl),
    value('RELAY_POLLING_INTERVAL', durationText(settings.relay.pollingInterval)),
    value('RELAY_BATCH_SIZE', settings.relay.batchSize),
    value('RETRY_SCHEDULE', scheduleText(settings.retrySchedule)),
    value('RETRY_ATTEMPTS', settings.retrySchedule.length + 1),
    value('REBUILD_KEEP_OLD', durationText(settings.keepOldBuildMs)),
    value('LOG_DISK_LIMIT', settings.logDiskLimit === undefined ? undefined : `${settings.logDiskLimit} B`),
    value('LAG_RETENTION', daysText(settings.lagRetention.keepRowsMs)),
    value('LAG_METRICS_RETENTION', daysText(settings.lagRetention.keepMinutesMs)),
    value('ARCHIVE_FOLDER', settings.archive.folder),
    value('ARCHIVE_AFTER', daysText(settings.archive.afterMs)),
    value('LOG_LEVEL', settings.logLevel),
    value('OTEL_EXPORTER_OTLP_ENDPOINT', settings.tracing.endpoint),
    value('OTEL_SERVICE_NAME', settings.tracing.service),
    value('OTEL_TRACES_SAMPLER', settings.tracing.sampler),
    value('OTEL_TRACES_SAMPLER_ARG', settings.tracing.ratio),
    value('LOG_FOLDER', settings.logs.folder ?? 'none'),
    value('LOG_KEEP', durationText(settings.logs.keepMs)),
    value('LOG_KEEP_SIZE', bytesText(settings.logs.keepBytes)),
    value('LOG_EVENTS', settings.logs.events),
    value('LOG_SLOW', durationText(settings.logs.slowMs)),
    value('SEQ_URL', settings.logs.seq?.url),
    value('SEQ_API_KEY', settings.logs.seq?.apiKey),
    value('SEQ_API_KEY_FILE', settings.logs.seq?.apiKeyFile),
    value('MILLRACE_MIGRATE', settings.migrate ? 'yes' : 'no'),
    value('MILLRACE_URL', settings.serverUrl),
    value('MILLRACE_API_KEY', settings.apiKey),
    value('ACCESS_MODE', settings.access.mode),
    value('SIGN_IN_IDLE', durationText(settings.access.idleMs)),
    value('SIGN_IN_LIFETIME', durationText(settings.access.lifetimeMs)),
    value('PUBLIC_URL', settings.publicUrl),
    value('TRUSTED_PROXIES', settings.trustedProxies.join(', ') || undefined),
    value('OIDC_ISSUER', settings.oidc?.issuer),
    value('OIDC_CLIENT_ID', settings.oidc?.clientId),
    value('OIDC_CLIENT_SECRET', settings.oidc?.clientSecret),
    value('OIDC_ROLES_CLAIM', settings.oidc?.rolesClaim ?? settingsTable.OIDC_ROLES_CLAIM.defaultValue),
    value('OIDC_ROLES_MAP', pairsText(settings.oidc?.roleMapping ?? {})),
  ];
}
