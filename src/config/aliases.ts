import type { FieldProblem } from '../errors.ts';
import { parseConnectionString } from './connection-string.ts';
import { parseHost, parseHttpUrl, parsePort, parseWhole, scheduleText, type Parsed } from './parsers.ts';
import { settingsTable, type SettingName } from './settings-table.ts';

/**
 * Names of settings that other programs for the same job use. Each is translated into a setting of ours;
 * `docs/reference/settings.md` shows the same table, and a test compares the two.
 */

interface Alias {
  /** The setting that it stands for. */
  readonly setting: SettingName;
  /** What its value is, for the reference page. */
  readonly format: string;
  readonly example: string;
  readonly secret: boolean;
  /** Checks the value. A problem must not repeat the value of a secret. */
  readonly parse: (text: string) => Parsed<string>;
}

const asText =
  <T>(parse: (text: string) => Parsed<T>) =>
  (text: string): Parsed<string> => {
    const parsed = parse(text);
    return 'value' in parsed ? { value: String(parsed.value) } : parsed;
  };

const anyText = (text: string): Parsed<string> => ({ value: text });

function parseSeconds(text: string): Parsed<string> {
  const seconds = parseWhole(1, 86_400)(text);
  return 'value' in seconds ? { value: `${seconds.value}s` } : { problem: `${seconds.problem}, in seconds` };
}

const connectionString = 'a connection string: `Host`, `Port`, `Database`, `Username`, `Password`, `SSL Mode`';

/** The table of aliases, by the name of the environment variable. */
export const aliasTable = {
  EventStore__ConnectionString: {
    setting: 'EVENT_STORE_URL',
    format: connectionString,
    example: 'Host=db.example;Port=5432;Database=event_store;Username=millrace;Password=secret',
    secret: true,
    parse: parseConnectionString,
  },
  ReadModels__ConnectionString: {
    setting: 'READ_MODELS_URL',
    format: connectionString,
    example: 'Host=db.example;Port=5432;Database=read_models;Username=millrace;Password=secret',
    secret: true,
    parse: parseConnectionString,
  },
  RabbitMq__HostName: {
    setting: 'RABBITMQ_URL',
    format: 'a host name or address',
    example: 'mq.example',
    secret: false,
    parse: parseHost,
  },
  RabbitMq__Port: {
    setting: 'RABBITMQ_URL',
    format: 'a port; without it 5672',
    example: '5672',
    secret: false,
    parse: asText(parsePort),
  },
  RabbitMq__UserName: {
    setting: 'RABBITMQ_URL',
    format: 'a name; goes together with the password',
    example: 'millrace',
    secret: false,
    parse: anyText,
  },
  RabbitMq__Password: {
    setting: 'RABBITMQ_URL',
    format: 'a password; goes together with the name',
    example: 'secret',
    secret: true,
    parse: anyText,
  },
  RabbitMq__VirtualHost: {
    setting: 'RABBITMQ_URL',
    format: 'a virtual host; without it `/`',
    example: 'millrace',
    secret: false,
    parse: anyText,
  },
  OutboxDispatcher__PollingIntervalSeconds: {
    setting: 'RELAY_POLLING_INTERVAL',
    format: 'whole seconds',
    example: '5',
    secret: false,
    parse: parseSeconds,
  },
  OutboxDispatcher__BatchSize: {
    setting: 'RELAY_BATCH_SIZE',
    format: 'a number of events',
    example: '100',
    secret: false,
    parse: asText(parseWhole(1, 10_000)),
  },
  OutboxDispatcher__MaxRetryAttempts: {
    setting: 'RETRY_ATTEMPTS',
    format: 'a number of attempts',
    example: '5',
    secret: false,
    parse: asText(parseWhole(1, 100)),
  },
  OutboxDispatcher__BaseRetryDelaySeconds: {
    setting: 'RETRY_SCHEDULE',
    format: 'whole seconds: the first pause, and the least of the others',
    example: '30',
    secret: false,
    parse: parseSeconds,
  },
  OutboxDispatcher__MaxRetryDelaySeconds: {
    setting: 'RETRY_SCHEDULE',
    format: 'whole seconds: the longest pause',
    example: '3600',
    secret: false,
    parse: parseSeconds,
  },
  Serilog__WriteTo__1__Args__serverUrl: {
    setting: 'SEQ_URL',
    format: 'the URL of a Seq',
    example: 'http://seq.example:5341',
    secret: false,
    parse: parseHttpUrl,
  },
  Serilog__WriteTo__1__Args__apiKey: {
    setting: 'SEQ_API_KEY',
    format: 'an API key of that Seq',
    example: 'the key that Seq shows once',
    secret: true,
    parse: anyText,
  },
  Seq__Url: {
    setting: 'SEQ_URL',
    format: 'the URL of a Seq',
    example: 'http://seq.example:5341',
    secret: false,
    parse: parseHttpUrl,
  },
  Seq__ApiKey: {
    setting: 'SEQ_API_KEY',
    format: 'an API key of that Seq',
    example: 'the key that Seq shows once',
    secret: true,
    parse: anyText,
  },
} as const satisfies { readonly [name: string]: Alias };

export type AliasName = keyof typeof aliasTable;

const names = Object.keys(aliasTable).filter((name): name is AliasName => name in aliasTable);
const prefixes = [...new Set(names.map((name) => name.slice(0, name.indexOf('__') + 2)))];

type Values = { readonly [Name in AliasName]?: string };
type Composed = { readonly text: string } | FieldProblem;

/** Settings that several aliases make together. */
const composers: { readonly [Name in SettingName]?: (values: Values) => Composed } = {
  RABBITMQ_URL: composeBrokerUrl,
  RETRY_SCHEDULE: composeSchedule,
  SEQ_URL: (values) => eitherOf(values, 'Seq__Url', 'Serilog__WriteTo__1__Args__serverUrl'),
  SEQ_API_KEY: (values) => eitherOf(values, 'Seq__ApiKey', 'Serilog__WriteTo__1__Args__apiKey'),
};

/** Two names of one thing, which may both be set when they say the same. */
function eitherOf(values: Values, one: AliasName, other: AliasName): Composed {
  const [first, second] = [values[one], values[other]];
  if (first !== undefined && second !== undefined && first !== second) {
    return { field: other, problem: `says something else than ${one}; set one of the two` };
  }
  return { text: first ?? second ?? '' };
}

function composeBrokerUrl(values: Values): Composed {
  const host = values.RabbitMq__HostName;
  const { RabbitMq__UserName: user, RabbitMq__Password: password, RabbitMq__VirtualHost: vhost = '/' } = values;
  if (host === undefined) return { field: 'RabbitMq__HostName', problem: 'is missing: another RabbitMq__ name is set' };
  if (user === undefined && password !== undefined) return pairProblem('RabbitMq__UserName', 'RabbitMq__Password');
  if (user !== undefined && password === undefined) return pairProblem('RabbitMq__Password', 'RabbitMq__UserName');
  const login =
    user === undefined || password === undefined ? '' : `${encodeURIComponent(user)}:${encodeURIComponent(password)}@`;
  const address = host.includes(':') ? `[${host}]` : host;
  const path = vhost === '/' ? '' : `/${encodeURIComponent(vhost)}`;
  return { text: `amqp://${login}${address}:${values.RabbitMq__Port ?? '5672'}${path}` };
}

function pairProblem(field: AliasName, other: AliasName): FieldProblem {
  return { field, problem: `is missing: ${other} is set, and the two go together` };
}

function composeSchedule(values: Values): Composed {
  const seconds = (text: string | undefined) => (text === undefined ? undefined : Number.parseInt(text, 10) * 1000);
  const least = seconds(values.OutboxDispatcher__BaseRetryDelaySeconds);
  const most = seconds(values.OutboxDispatcher__MaxRetryDelaySeconds);
  if (least !== undefined && most !== undefined && least > most) {
    const problem = 'is shorter than OutboxDispatcher__BaseRetryDelaySeconds';
    return { field: 'OutboxDispatcher__MaxRetryDelaySeconds', problem };
  }
  const pauses = settingsTable.RETRY_SCHEDULE.defaultValue.map((usual, index) =>
    Math.min(most ?? usual, index === 0 ? (least ?? usual) : Math.max(least ?? usual, usual)),
  );
  return { text: scheduleText(pauses) };
}

/** A setting as aliases give it. */
export interface Translated {
  /** As our own setting would be written. */
  readonly text: string;
  /** The aliases that it was made of. */
  readonly from: readonly AliasName[];
}

export interface Translation {
  readonly settings: ReadonlyMap<SettingName, Translated>;
  readonly problems: readonly FieldProblem[];
}

/** Translates the aliases that are set. */
export function translateAliases(given: (name: AliasName) => string | undefined): Translation {
  const problems: FieldProblem[] = [];
  const values: { [Name in AliasName]?: string } = {};
  const wanted = new Map<SettingName, AliasName[]>();
  const broken = new Set<SettingName>();
  for (const name of names) {
    const text = given(name);
    if (text === undefined) continue;
    const { setting, parse }: Alias = aliasTable[name];
    const parsed = parse(text);
    if ('value' in parsed) values[name] = parsed.value;
    else problems.push({ field: name, problem: parsed.problem });
    if ('problem' in parsed) broken.add(setting);
    else wanted.set(setting, [...(wanted.get(setting) ?? []), name]);
  }
  const settings = new Map<SettingName, Translated>();
  for (const [setting, from] of wanted) {
    // Made of a part that is wrong, it would only be wrong again.
    if (broken.has(setting)) continue;
    const [first] = from;
    const composed = composers[setting]?.(values) ?? { text: (first && values[first]) ?? '' };
    if ('text' in composed) settings.set(setting, { text: composed.text, from });
    else problems.push(composed);
  }
  return { settings, problems };
}

/** Names that begin as the aliases do, in any letter case, and are none: most likely typing mistakes. */
export function unknownAliases(env: NodeJS.ProcessEnv): FieldProblem[] {
  return Object.keys(env)
    .filter((name) => prefixOf(name) !== undefined && !names.some((known) => known === name))
    .map((field) => {
      const prefix = prefixOf(field);
      const known = names.filter((name) => name.startsWith(prefix ?? ''));
      return { field, problem: `is not a setting; with this prefix there is ${known.join(', ')}` };
    });
}

function prefixOf(name: string): string | undefined {
  return prefixes.find((prefix) => name.toLowerCase().startsWith(prefix.toLowerCase()));
}
