import net from 'node:net';
import path from 'node:path';

/** What became of a text: a value, or why it is none. A problem never repeats the text, which may be a secret. */
export type Parsed<T> = { readonly value: T } | { readonly problem: string };

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

/** How much is logged. */
export type LogLevel = (typeof logLevels)[number];

export function parseHost(text: string): Parsed<string> {
  const name = /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/i;
  // Digits and dots that are no address are a mistyped address, not a name.
  const known = net.isIP(text) !== 0 || (name.test(text) && !/^[\d.]+$/.test(text));
  return known ? { value: text } : { problem: 'must be an IP address or a host name' };
}

export function parsePort(text: string): Parsed<number> {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  return port <= 65_535 ? { value: port } : { problem: 'must be a whole number from 0 to 65535' };
}

export function parseFolder(text: string): Parsed<string> {
  return text.includes('\0') ? { problem: 'must be a path' } : { value: path.resolve(text) };
}

export function parseDatabaseUrl(text: string): Parsed<string> {
  const problem = 'must be a URL such as postgres://user:password@host:5432/database';
  if (!URL.canParse(text)) return { problem };
  const url = new URL(text);
  const scheme = url.protocol === 'postgres:' || url.protocol === 'postgresql:';
  if (!scheme || url.hostname === '') return { problem };
  return url.pathname.length > 1 ? { value: text } : { problem: `${problem}; the database is missing` };
}

export function parseBrokerUrl(text: string): Parsed<string> {
  const problem = 'must be a URL such as amqp://user:password@host:5672/vhost';
  if (!URL.canParse(text)) return { problem };
  const { protocol, hostname } = new URL(text);
  return /^amqps?:$/.test(protocol) && hostname !== '' ? { value: text } : { problem };
}

export function parseLogLevel(text: string): Parsed<LogLevel> {
  const level = logLevels.find((known) => known === text.toLowerCase());
  return level ? { value: level } : { problem: `must be one of ${logLevels.join(', ')}` };
}

/** Which lines of the way of single events are logged. */
export const eventLogModes = ['none', 'asked', 'all'] as const;
export type EventLogMode = (typeof eventLogModes)[number];

export function parseEventLogMode(text: string): Parsed<EventLogMode> {
  const mode = eventLogModes.find((known) => known === text.toLowerCase());
  return mode ? { value: mode } : { problem: `must be one of ${eventLogModes.join(', ')}` };
}

export function parseYesNo(text: string): Parsed<boolean> {
  const answer = text.toLowerCase();
  return answer === 'yes' || answer === 'no' ? { value: answer === 'yes' } : { problem: 'must be yes or no' };
}

export function parseHttpUrl(text: string): Parsed<string> {
  const isHttp = URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);
  return isHttp ? { value: text.replace(/\/+$/, '') } : { problem: 'must be a URL such as http://127.0.0.1:5000' };
}

export const accessModes = ['demo', 'required'] as const;

/** Whether everybody may come in, or only who has said who it is. */
export type AccessModeName = (typeof accessModes)[number];

export function parseAccessMode(text: string): Parsed<AccessModeName> {
  const mode = accessModes.find((known) => known === text.toLowerCase());
  return mode ? { value: mode } : { problem: `must be one of ${accessModes.join(', ')}` };
}

/** The names that OpenTelemetry gives its samplers. */
export const samplers = [
  'always_on',
  'always_off',
  'traceidratio',
  'parentbased_always_on',
  'parentbased_always_off',
  'parentbased_traceidratio',
] as const;

/** Which traces are recorded. */
export type SamplerName = (typeof samplers)[number];

export function parseSampler(text: string): Parsed<SamplerName> {
  const sampler = samplers.find((known) => known === text.toLowerCase());
  return sampler ? { value: sampler } : { problem: `must be one of ${samplers.join(', ')}` };
}

/** A share of something, from 0 to 1. */
export function parseShare(text: string): Parsed<number> {
  const share = /^\d*\.?\d+$/.test(text) ? Number(text) : Number.NaN;
  return share >= 0 && share <= 1 ? { value: share } : { problem: 'must be a number from 0 to 1, such as 0.01' };
}

/** Any text of one line. The problem does not repeat it. */
export function parseText(text: string): Parsed<string> {
  // oxlint-disable-next-line eslint/no-control-regex -- they are what must not be there
  return /[\u0000-\u001f\u007f]/.test(text) ? { problem: 'must be a text of one line' } : { value: text };
}

/** Addresses and networks with commas between them: `10.0.0.1, 192.168.0.0/16`. */
export function parseNetworks(text: string): Parsed<readonly string[]> {
  const networks = text.split(',').map((one) => one.trim());
  const isSound = (network: string) => {
    const [address = '', bits, more] = network.split('/');
    const version = net.isIP(address);
    const most = version === 4 ? 32 : 128;
    return (
      version !== 0 && more === undefined && (bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= most))
    );
  };
  return networks.every(isSound)
    ? { value: networks }
    : { problem: 'must be IP addresses or networks with commas between them, such as 10.0.0.1, 192.168.0.0/16' };
}

/** Pairs with commas between them: `Shop Managers=manager, Front Desk=clerk`. */
export function parsePairs(text: string): Parsed<{ readonly [from: string]: string }> {
  const pairs = text.split(',').map((pair) => pair.split('=').map((part) => part.trim()));
  return pairs.every(([from, to, more]) => from !== '' && to !== undefined && to !== '' && more === undefined)
    ? { value: Object.fromEntries(pairs.map(([from = '', to = '']): [string, string] => [from, to])) }
    : { problem: 'must be pairs with commas between them, such as Shop Managers=manager, Front Desk=clerk' };
}

/** A whole number within bounds, both included. */
export function parseWhole(least: number, most: number): (text: string) => Parsed<number> {
  return (text) => {
    const number = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
    return number >= least && number <= most
      ? { value: number }
      : { problem: `must be a whole number from ${least} to ${most}` };
  };
}

const millisecondsOf: { readonly [unit: string]: number } = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };
const day = 24 * 3_600_000;

/** `250ms`, `1s`, `2m`, `1h` as milliseconds; undefined when it is none of these. */
function durationOf(text: string): number | undefined {
  const found = /^(\d{1,9})\s*(ms|s|m|h)$/i.exec(text.trim());
  const unit = millisecondsOf[found?.[2]?.toLowerCase() ?? ''];
  return found === null || unit === undefined ? undefined : Number(found[1]) * unit;
}

/** A duration in milliseconds, between two others. @example parseDuration(10, 3_600_000, '500ms, 1s or 2m') */
export function parseDuration(least: number, most: number, examples: string): (text: string) => Parsed<number> {
  return (text) => {
    const duration = durationOf(text);
    return duration !== undefined && duration >= least && duration <= most
      ? { value: duration }
      : { problem: `must be a time from ${durationText(least)} to ${durationText(most)}, such as ${examples}` };
  };
}

/** A number of days, as milliseconds. @example parseDays(1, 3_650, '90d') */
export function parseDays(least: number, most: number, example: string): (text: string) => Parsed<number> {
  return (text) => {
    const days = /^\d{1,5}\s*d$/i.test(text.trim()) ? Number.parseInt(text, 10) : Number.NaN;
    return days >= least && days <= most
      ? { value: days * day }
      : { problem: `must be a number of days from ${least}d to ${most}d, such as ${example}` };
  };
}

/** Milliseconds as days. */
export function daysText(milliseconds: number): string {
  return `${milliseconds / day}d`;
}

/** Durations with commas between them, as milliseconds: `30s, 2m, 30m, 1h`. */
export function parseSchedule(text: string): Parsed<readonly number[]> {
  const pauses = text.split(',').map(durationOf);
  const known = pauses.filter((pause) => pause !== undefined && pause > 0 && pause <= day);
  return known.length === pauses.length && known.length <= 20
    ? { value: known.flatMap((pause) => pause ?? []) }
    : { problem: 'must be 1 to 20 times with commas between them, each up to 24h, such as 30s, 2m, 30m, 1h' };
}

/** The same schedule as text. */
export function scheduleText(schedule: readonly number[]): string {
  return schedule.map(durationText).join(', ');
}

/** The largest unit that a duration is a whole number of. */
export function durationText(milliseconds: number): string {
  const unit = (['h', 'm', 's'] as const).find((name) => milliseconds % (millisecondsOf[name] ?? 1) === 0) ?? 'ms';
  return `${milliseconds / (millisecondsOf[unit] ?? 1)}${unit}`;
}

const decimal = ['B', 'KB', 'MB', 'GB', 'TB'];
const binary = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];

/** `500 MB`, `20GiB` as bytes. */
export function parseBytes(text: string): Parsed<number> {
  const found = /^(\d{1,9}(?:\.\d{1,3})?)\s*([KMGT]i?B|B)$/i.exec(text);
  const unit = found?.[2]?.toLowerCase() ?? '';
  const at = (units: readonly string[]) => units.findIndex((name) => name.toLowerCase() === unit);
  const factor = at(decimal) >= 0 ? 1000 ** at(decimal) : 1024 ** at(binary);
  const bytes = found === null ? 0 : Math.round(Number(found[1]) * factor);
  return bytes > 0 && Number.isSafeInteger(bytes)
    ? { value: bytes }
    : { problem: 'must be a number of bytes with a unit (B, KB, MB, GB, TB, KiB, MiB, GiB, TiB), such as 20GiB' };
}

/** Bytes, and not fewer than these. */
export function parseBytesFrom(least: number): (text: string) => Parsed<number> {
  return (text) => {
    const parsed = parseBytes(text);
    return 'problem' in parsed || parsed.value >= least ? parsed : { problem: `must be ${bytesText(least)} or more` };
  };
}

/** The largest binary unit that a number of bytes is a whole number of. */
export function bytesText(bytes: number): string {
  const power = [4, 3, 2, 1, 0].find((one) => bytes % 1024 ** one === 0) ?? 0;
  return `${bytes / 1024 ** power}${binary[power] ?? 'B'}`;
}
