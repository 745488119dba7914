import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { archiveFolder, hidePassword, readSettings, settingsTable, shownSettings } from './config.ts';
import { aliasTable } from './config/aliases.ts';
import { MillraceError } from './errors.ts';

const secret = 'kept-secret';
const store = `postgres://me:${secret}@db.example:5432/event_store`;
const readModels = `postgresql://me:${secret}@db.example/read_models`;
const day = 24 * 3_600_000;
const broker = `amqp://me:${secret}@mq.example:5672/shop`;

function refusal(env: NodeJS.ProcessEnv): MillraceError {
  try {
    readSettings(env);
  } catch (error) {
    if (error instanceof MillraceError) return error;
    throw error;
  }
  throw new Error('The settings were accepted.');
}

describe('readSettings', () => {
  it('needs nothing: every setting has a default', () => {
    expect(readSettings({})).toEqual({
      host: '127.0.0.1',
      port: 5000,
      healthPort: undefined,
      grpc: { port: undefined, certificate: undefined, key: undefined, plaintext: false },
      dataFolder: path.resolve('.millrace'),
      eventStoreUrl: undefined,
      readModelsUrl: undefined,
      rabbitmqUrl: undefined,
      relay: { pollingInterval: 1000, batchSize: 500 },
      retrySchedule: [30_000, 120_000, 1_800_000, 3_600_000],
      keepOldBuildMs: 86_400_000,
      logDiskLimit: undefined,
      lagRetention: { keepRowsMs: 30 * day, keepMinutesMs: 400 * day },
      archive: { folder: undefined, afterMs: 90 * day },
      logLevel: 'info',
      tracing: { endpoint: undefined, service: undefined, sampler: 'parentbased_traceidratio', ratio: 0.01 },
      logs: {
        folder: path.resolve('.millrace/logs'),
        keepMs: 604_800_000,
        keepBytes: 268_435_456,
        events: 'asked',
        slowMs: 500,
        seq: undefined,
      },
      migrate: true,
      serverUrl: undefined,
      apiKey: undefined,
      publicUrl: undefined,
      trustedProxies: [],
      access: { mode: undefined, idleMs: 3_600_000, lifetimeMs: 43_200_000 },
      oidc: undefined,
    });
  });

  it('takes every setting that is given', () => {
    const env = {
      HOST: '0.0.0.0',
      PORT: '0',
      HEALTH_PORT: '8081',
      GRPC_PORT: '5001',
      GRPC_TLS_CERT: '/srv/grpc.crt',
      GRPC_TLS_KEY: '/srv/grpc.key',
      GRPC_PLAINTEXT: 'yes',
      MILLRACE_DATA: '/srv/data of mine',
      EVENT_STORE_URL: store,
      READ_MODELS_URL: readModels,
      RABBITMQ_URL: broker,
      RELAY_POLLING_INTERVAL: '250ms',
      RELAY_BATCH_SIZE: '200',
      RETRY_SCHEDULE: '10s,1m, 1h',
      RETRY_ATTEMPTS: '5',
      REBUILD_KEEP_OLD: '90m',
      LOG_DISK_LIMIT: '1.5 GiB',
      LAG_RETENTION: '14d',
      LAG_METRICS_RETENTION: '800d',
      ARCHIVE_FOLDER: '/srv/archive',
      ARCHIVE_AFTER: '365d',
      LOG_LEVEL: 'DEBUG',
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318/',
      OTEL_SERVICE_NAME: 'shop-api',
      OTEL_TRACES_SAMPLER: 'Always_On',
      OTEL_TRACES_SAMPLER_ARG: '.25',
      LOG_FOLDER: '/var/log/millrace',
      LOG_KEEP: '72h',
      LOG_KEEP_SIZE: '1GiB',
      LOG_EVENTS: 'ALL',
      LOG_SLOW: '250ms',
      SEQ_URL: 'http://seq.example:5341',
      SEQ_API_KEY: 'key',
      SEQ_API_KEY_FILE: '/run/secrets/seq',
      MILLRACE_MIGRATE: 'no',
      MILLRACE_URL: 'http://127.0.0.1:8080/',
      MILLRACE_API_KEY: 'mk_secret',
      ACCESS_MODE: 'Required',
      SIGN_IN_IDLE: '15m',
      SIGN_IN_LIFETIME: '8h',
      PUBLIC_URL: 'https://shop.example/',
      TRUSTED_PROXIES: '10.0.0.1, 192.168.0.0/16',
      OIDC_ISSUER: 'https://login.example/realms/shop',
      OIDC_CLIENT_ID: 'millrace',
      OIDC_CLIENT_SECRET: 'secret',
      OIDC_ROLES_CLAIM: 'realm_access.roles',
      OIDC_ROLES_MAP: 'Front Desk = clerk',
    };
    expect(readSettings(env)).toEqual({
      host: '0.0.0.0',
      port: 0,
      healthPort: 8081,
      grpc: { port: 5001, certificate: '/srv/grpc.crt', key: '/srv/grpc.key', plaintext: true },
      dataFolder: '/srv/data of mine',
      eventStoreUrl: store,
      readModelsUrl: readModels,
      rabbitmqUrl: broker,
      relay: { pollingInterval: 250, batchSize: 200 },
      retrySchedule: [10_000, 60_000, 3_600_000, 3_600_000],
      keepOldBuildMs: 5_400_000,
      logDiskLimit: 1_610_612_736,
      lagRetention: { keepRowsMs: 14 * day, keepMinutesMs: 800 * day },
      archive: { folder: '/srv/archive', afterMs: 365 * day },
      logLevel: 'debug',
      tracing: { endpoint: 'http://127.0.0.1:4318', service: 'shop-api', sampler: 'always_on', ratio: 0.25 },
      logs: {
        folder: '/var/log/millrace',
        keepMs: 259_200_000,
        keepBytes: 1_073_741_824,
        events: 'all',
        slowMs: 250,
        seq: { url: 'http://seq.example:5341', apiKey: 'key', apiKeyFile: '/run/secrets/seq' },
      },
      migrate: false,
      serverUrl: 'http://127.0.0.1:8080',
      apiKey: 'mk_secret',
      publicUrl: 'https://shop.example',
      trustedProxies: ['10.0.0.1', '192.168.0.0/16'],
      access: { mode: 'required', idleMs: 900_000, lifetimeMs: 28_800_000 },
      oidc: {
        issuer: 'https://login.example/realms/shop',
        clientId: 'millrace',
        clientSecret: 'secret',
        rolesClaim: 'realm_access.roles',
        roleMapping: { 'Front Desk': 'clerk' },
      },
    });
  });

  it('knows days, and keeps events in the log while the ledger has their rows', () => {
    expect(refusal({ LAG_RETENTION: '30' }).fields).toEqual([
      { field: 'LAG_RETENTION', problem: 'must be a number of days from 1d to 3650d, such as 30d' },
    ]);
    expect(refusal({ ARCHIVE_AFTER: '20d' }).fields).toEqual([
      {
        field: 'ARCHIVE_AFTER',
        problem: 'must not be less than LAG_RETENTION (30d): an event stays while the ledger has its row',
      },
    ]);
    expect(readSettings({ ARCHIVE_AFTER: '20d', LAG_RETENTION: '10d' }).archive.afterMs).toBe(20 * day);
  });

  it('archives beside the embedded PostgreSQL, and with another one only where it is told to', () => {
    expect(archiveFolder(readSettings({ MILLRACE_DATA: '/srv/data' }))).toBe('/srv/data/archive');
    const own = { EVENT_STORE_URL: store, READ_MODELS_URL: readModels };
    expect(archiveFolder(readSettings(own))).toBeUndefined();
    expect(archiveFolder(readSettings({ ...own, ARCHIVE_FOLDER: '/srv/archive' }))).toBe('/srv/archive');
  });

  it('accepts its own examples', () => {
    const env = Object.fromEntries(Object.entries(settingsTable).map(([name, { example }]) => [name, example]));
    expect(() => readSettings(env)).not.toThrow();
  });

  it('treats an empty variable as not set', () => {
    expect(readSettings({ PORT: '', EVENT_STORE_URL: ' ' })).toEqual(readSettings({}));
  });

  it('names every wrong setting at once', () => {
    const error = refusal({ HOST: 'a b', PORT: '70000', EVENT_STORE_URL: store, LOG_LEVEL: 'loud', MILLRACE_DAT: 'x' });
    expect(error.code).toBe('SETTING_INVALID');
    expect(error.fields.map(({ field }) => field)).toEqual([
      'HOST',
      'PORT',
      'LOG_LEVEL',
      'READ_MODELS_URL',
      'MILLRACE_DAT',
    ]);
    for (const { field } of error.fields) expect(error.message).toContain(field);
  });

  it.each([
    ['EVENT_STORE_URL', 'READ_MODELS_URL'],
    ['READ_MODELS_URL', 'EVENT_STORE_URL'],
  ])('%s alone is refused, and the message names %s', (given, missing) => {
    const error = refusal({ [given]: store });
    expect(error.fields).toHaveLength(1);
    expect(error.fields[0]?.field).toBe(missing);
    expect(error.fields[0]?.problem).toContain(given);
  });

  it.each(['80.5', '-1', '65536', '5e3', '0x10', 'http'])('refuses the port %s', (PORT) => {
    expect(refusal({ PORT }).fields).toHaveLength(1);
  });

  it.each(['300.1.1.1', '-host', 'a..b', 'http://host'])('refuses the host %s', (HOST) => {
    expect(refusal({ HOST }).fields).toHaveLength(1);
  });

  it.each([`mysql://me:${secret}@db/x`, `postgres://me:${secret}@db`, `me:${secret}@db/x`, `postgres://:${secret}@/x`])(
    'never repeats a password of a wrong URL (%#)',
    (url) => {
      const error = refusal({ EVENT_STORE_URL: url, READ_MODELS_URL: readModels });
      expect(error.fields.map(({ field }) => field)).toEqual(['EVENT_STORE_URL']);
      expect(JSON.stringify([error.message, error.fields])).not.toContain(secret);
    },
  );

  it.each([
    ['RABBITMQ_URL', `http://me:${secret}@mq`],
    ['RABBITMQ_URL', secret],
    ['RELAY_POLLING_INTERVAL', '5'],
    ['RELAY_POLLING_INTERVAL', '2h'],
    ['RELAY_BATCH_SIZE', '0'],
    ['RETRY_SCHEDULE', '30s, soon'],
    ['RETRY_SCHEDULE', '30s,'],
    ['RETRY_ATTEMPTS', '0'],
    ['LOG_DISK_LIMIT', '20'],
    ['LOG_DISK_LIMIT', '0 GB'],
    ['HEALTH_PORT', 'x'],
    ['OTEL_EXPORTER_OTLP_ENDPOINT', 'collector:4317'],
    ['OTEL_TRACES_SAMPLER', 'sometimes'],
    ['OTEL_TRACES_SAMPLER_ARG', '1.5'],
    ['OTEL_TRACES_SAMPLER_ARG', '1 %'],
  ])('refuses %s=%s by name and does not repeat a secret', (name, value) => {
    const error = refusal({ [name]: value });
    expect(error.fields.map(({ field }) => field)).toEqual([name]);
    expect(error.message).not.toContain(secret);
  });

  it('cuts the schedule of retries short, or repeats its last pause, for the attempt that is left to a person', () => {
    const pauses = (env: NodeJS.ProcessEnv) => readSettings(env).retrySchedule;
    expect(pauses({ RETRY_SCHEDULE: '1s, 2s' })).toEqual([1000, 2000]);
    expect(pauses({ RETRY_SCHEDULE: '1s, 2s', RETRY_ATTEMPTS: '2' })).toEqual([1000]);
    expect(pauses({ RETRY_SCHEDULE: '1s, 2s', RETRY_ATTEMPTS: '5' })).toEqual([1000, 2000, 2000, 2000]);
    expect(pauses({ RETRY_ATTEMPTS: '1' })).toEqual([]);
  });

  it('refuses an unknown name with its own prefix, and leaves other names alone', () => {
    const error = refusal({ MILLRACE_DTAA: 'x', HOME: '/root', MILLRACE_TEST_POSTGRES_URL: store });
    expect(error.code).toBe('SETTING_UNKNOWN');
    expect(error.fields.map(({ field }) => field)).toEqual(['MILLRACE_DTAA']);
  });
});

describe('shown settings', () => {
  it('hide passwords and keep the rest', () => {
    const shown = shownSettings(
      readSettings({ EVENT_STORE_URL: store, READ_MODELS_URL: `${readModels}?password=${secret}` }),
    );
    expect(JSON.stringify(shown)).not.toContain(secret);
    expect(shown).toContainEqual({ name: 'EVENT_STORE_URL', value: 'postgres://me:***@db.example:5432/event_store' });
    expect(shown).toContainEqual({ name: 'PORT', value: '5000' });
  });

  it('show every setting of the table', () => {
    expect(shownSettings(readSettings({})).map(({ name }) => name)).toEqual(Object.keys(settingsTable));
  });

  it('show nothing of a text that is no URL', () => {
    expect(hidePassword(secret)).toBe('***');
  });
});

describe('docs/reference/settings.md', () => {
  const page = readFileSync(new URL('../docs/reference/settings.md', import.meta.url), 'utf8');
  const rowsOf = (section: string) => section.split('\n').filter((line) => line.startsWith('| `'));

  it('has the same table of aliases as the code', () => {
    const section = page.split('\n## ').find((part) => part.startsWith('Other names')) ?? '';
    const expected = Object.entries(aliasTable).map(
      ([name, { setting, format, secret, example }]) =>
        `| \`${name}\` | ${setting === undefined ? 'none yet' : `\`${setting}\``} | ${format} | \`${example}\` | ${secret ? 'yes' : 'no'} |`,
    );
    expect(rowsOf(section)).toEqual(expected);
  });

  it('has the same table as the code', () => {
    const rows = rowsOf(page.split('\n## ')[0] ?? '');
    const expected = Object.entries(settingsTable).map(
      ([name, { meaning, defaultText, secret, example }]) =>
        `| \`${name}\` | ${meaning} | ${defaultText} | \`${example}\` | ${secret ? 'yes' : 'no'} |`,
    );
    expect(rows).toEqual(expected);
  });
});

describe('.env.template', () => {
  // What Docker Compose needs besides stands at the end: test/deployment/compose.test.ts.
  const [template = ''] = readFileSync(new URL('../.env.template', import.meta.url), 'utf8').split(
    '# --- Docker Compose',
  );
  const lines = template.split('\n').flatMap((line) => {
    const found = /^(# ?)?([A-Z][A-Za-z0-9_]*)=(.*)$/.exec(line);
    return found === null ? [] : [{ off: found[1] !== undefined, name: found[2] ?? '', value: found[3] ?? '' }];
  });

  it('lists every setting once, in the order of the table', () => {
    expect(lines.map(({ name }) => name)).toEqual(Object.keys(settingsTable));
  });

  it('holds no secret: those who need one write it', () => {
    for (const { name, value } of lines) {
      if (Object.entries(settingsTable).some(([known, { secret }]) => known === name && secret)) expect(value).toBe('');
    }
  });

  it('is sound as it stands, with what is commented out as well', () => {
    expect(() => readSettings(Object.fromEntries(lines.map(({ name, value }) => [name, value])))).not.toThrow();
    expect(readSettings(Object.fromEntries(lines.map(({ name, off, value }) => [name, off ? '' : value])))).toEqual(
      readSettings({}),
    );
  });
});
