import { describe, expect, it } from 'vitest';
import { readSettings } from '../config.ts';
import { MillraceError } from '../errors.ts';
import { aliasTable } from './aliases.ts';

const secret = 'kept;"secret';
const events = 'Host=db.example;Port=5433;Database=event_store;Username=me;Password=p%w';
const models = 'Server=db.example; Database=read_models; User=me; Password=p%w;';
const both = { EventStore__ConnectionString: events, ReadModels__ConnectionString: models };

function refusal(env: NodeJS.ProcessEnv): MillraceError {
  try {
    readSettings(env);
  } catch (error) {
    if (error instanceof MillraceError) return error;
    throw error;
  }
  throw new Error('The settings were accepted.');
}

const fieldsOf = (env: NodeJS.ProcessEnv) => refusal(env).fields.map(({ field }) => field);

describe('an alias', () => {
  it('S273, S570: of a database is its connection string', () => {
    expect(readSettings(both)).toMatchObject({
      eventStoreUrl: 'postgres://me:p%25w@db.example:5433/event_store',
      readModelsUrl: 'postgres://me:p%25w@db.example:5432/read_models',
    });
  });

  it('of a database takes quoted values, an address, encryption, and what belongs to pools elsewhere', () => {
    const value = `host=::1;database="a ""b"";c";user id='it''s me';pwd=x=y;SSL Mode=VerifyFull;Pooling=true;Timeout=15`;
    expect(readSettings({ ...both, EventStore__ConnectionString: value }).eventStoreUrl).toBe(
      `postgres://it's%20me:x%3Dy@[::1]:5432/a%20%22b%22%3Bc?sslmode=verify-full`,
    );
  });

  it('S274, S275, S571, S572: of the broker is put together from its parts', () => {
    expect(readSettings({ RabbitMq__HostName: 'mq' }).rabbitmqUrl).toBe('amqp://mq:5672');
    expect(
      readSettings({
        RabbitMq__HostName: 'mq',
        RabbitMq__Port: '5673',
        RabbitMq__UserName: 'a b',
        RabbitMq__Password: 'p@w/d',
        RabbitMq__VirtualHost: 'my/host',
      }).rabbitmqUrl,
    ).toBe('amqp://a%20b:p%40w%2Fd@mq:5673/my%2Fhost');
  });

  it('S276, S277, S530, S531: of the relay is the same in our units', () => {
    const settings = readSettings({
      OutboxDispatcher__PollingIntervalSeconds: '3',
      OutboxDispatcher__BatchSize: '200',
      OutboxDispatcher__MaxRetryAttempts: '5',
      OutboxDispatcher__BaseRetryDelaySeconds: '20',
    });
    expect(settings.relay).toEqual({ pollingInterval: 3000, batchSize: 200 });
    expect(settings.retrySchedule).toEqual([20_000, 120_000, 1_800_000, 3_600_000]);
  });

  it('S532, S533: of the longest pause cuts the others', () => {
    const pauses = readSettings({
      OutboxDispatcher__BaseRetryDelaySeconds: '300',
      OutboxDispatcher__MaxRetryDelaySeconds: '900',
    }).retrySchedule;
    expect(pauses).toEqual([300_000, 300_000, 900_000, 900_000]);
  });

  it('S278, S573: of the log server names the Seq that gets the log files', () => {
    const seq = { url: 'http://seq:5341', apiKey: 'k', apiKeyFile: undefined };
    expect(readSettings({ Seq__Url: 'http://seq:5341/', Seq__ApiKey: 'k' }).logs.seq).toEqual(seq);
    const serilog = {
      Serilog__WriteTo__1__Args__serverUrl: 'http://seq:5341',
      Serilog__WriteTo__1__Args__apiKey: 'k',
    };
    expect(readSettings({ ...serilog, Seq__Url: 'http://seq:5341' }).logs.seq).toEqual(seq);
    expect(fieldsOf({ ...serilog, Seq__Url: 'https://logs.example' })).toEqual([
      'Serilog__WriteTo__1__Args__serverUrl',
    ]);
    expect(fieldsOf({ Seq__Url: 'seq:5341' })).toEqual(['Seq__Url']);
  });

  it('is accepted with the example of its documentation', () => {
    const env = Object.fromEntries(Object.entries(aliasTable).map(([name, { example }]) => [name, example]));
    expect(() => readSettings(env)).not.toThrow();
  });

  it('and its own setting are refused together when they differ, and both are named', () => {
    const error = refusal({ RELAY_BATCH_SIZE: '500', OutboxDispatcher__BatchSize: '100' });
    expect(error.code).toBe('SETTING_INVALID');
    expect(error.fields.map(({ field }) => field)).toEqual(['OutboxDispatcher__BatchSize']);
    expect(error.message).toContain('RELAY_BATCH_SIZE');
    const url = 'postgresql://me:p%25w@db.example/read_models';
    expect(readSettings({ ...both, READ_MODELS_URL: url }).readModelsUrl).toBe(url);
    expect(fieldsOf({ ...both, READ_MODELS_URL: 'postgres://me:p%25w@db.example/others' })).toEqual([
      'ReadModels__ConnectionString',
    ]);
  });

  it.each([
    ['EventStore__ConnectionString', `Host=db;Database=a;Password='${secret}`],
    ['EventStore__ConnectionString', `Database=a;Username=me;Password='${secret}'`],
    ['EventStore__ConnectionString', 'Host=db;Username=me;Password=s3cr3t'],
    ['EventStore__ConnectionString', 'Host=db;Database=a;...'],
    ['EventStore__ConnectionString', 'Host=db;Database=a;Sharing=s3cr3t'],
    ['EventStore__ConnectionString', 'Host=db;Database=a;Database=b'],
    ['EventStore__ConnectionString', 'Host=a b;Database=a'],
    ['EventStore__ConnectionString', 'Host=db;Port=x;Database=a'],
    ['EventStore__ConnectionString', 'Host=db;Database=a;SSL Mode=Prefer'],
    ['EventStore__ConnectionString', 'postgres://me:s3cr3t@db/a'],
    ['RabbitMq__Port', 'x'],
    ['RabbitMq__HostName', 'amqp://mq'],
    ['OutboxDispatcher__PollingIntervalSeconds', '0.5'],
    ['OutboxDispatcher__PollingIntervalSeconds', '7200'],
    ['OutboxDispatcher__BatchSize', '0'],
    ['OutboxDispatcher__MaxRetryAttempts', 'five'],
    ['OutboxDispatcher__BaseRetryDelaySeconds', '-1'],
  ])('that is wrong is refused by its own name, and repeats no secret: %s=%s', (name, value) => {
    const error = refusal({ ...both, RabbitMq__HostName: 'mq', [name]: value });
    expect(error.code).toBe('SETTING_INVALID');
    expect(error.fields.map(({ field }) => field)).toEqual([name]);
    for (const part of [secret, 's3cr3t', 'kept']) expect(error.message).not.toContain(part);
  });

  it.each([
    [{ RabbitMq__Port: '5672' }, 'RabbitMq__HostName'],
    [{ RabbitMq__HostName: 'mq', RabbitMq__UserName: 'me' }, 'RabbitMq__Password'],
    [{ RabbitMq__HostName: 'mq', RabbitMq__Password: 'x' }, 'RabbitMq__UserName'],
    [{ EventStore__ConnectionString: events }, 'READ_MODELS_URL'],
    [{ ReadModels__ConnectionString: models }, 'EVENT_STORE_URL'],
    [
      { OutboxDispatcher__BaseRetryDelaySeconds: '60', OutboxDispatcher__MaxRetryDelaySeconds: '30' },
      'OutboxDispatcher__MaxRetryDelaySeconds',
    ],
  ])('without the one it goes with is refused by the name that is missing or wrong (%#)', (env, field) => {
    expect(fieldsOf(env)).toEqual([field]);
  });

  it.each([
    'RabbitMq__Host',
    'RABBITMQ__HOSTNAME',
    'OutboxDispatcher__Batch',
    'EventStore__Url',
    'Serilog__MinimumLevel',
  ])('that nobody knows is refused by name: %s', (name) => {
    const error = refusal({ [name]: 'x' });
    expect(error.code).toBe('SETTING_UNKNOWN');
    expect(error.fields.map(({ field }) => field)).toEqual([name]);
  });
});
