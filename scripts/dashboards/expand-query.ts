/**
 * What Grafana puts in for the names with a dollar before it asks. Only those that the dashboards use; another one is
 * refused, so that nothing reaches a data source half written.
 *
 *     $__interval              the distance of two points on the screen, never below the scrape interval
 *     $__rate_interval         four scrapes, or one point and one scrape when that is more: rate() always finds two samples
 *     $__range                 the time shown
 *     $variable                the values chosen at the top, joined for a regular expression; all of them are `.*`
 *     $__timeFilter(c)         c lies in the time shown
 *     $__timeGroupAlias(c, w)  c rounded down to w, in seconds since 1970, called "time"
 */
export interface Window {
  /** Seconds since 1970. */
  readonly from: number;
  readonly to: number;
  /** Seconds between two points on the screen. */
  readonly step: number;
  /** Seconds between two scrapes. */
  readonly scrape: number;
  readonly variables: Readonly<Record<string, string>>;
}

const secondsOf: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 };

/** `10s`, `1h`, `'1h'` in seconds. */
export function toSeconds(duration: string): number {
  const [, count, unit = ''] = /^'?(\d+)([smhd])'?$/.exec(duration.trim()) ?? [];
  const factor = secondsOf[unit];
  if (count === undefined || factor === undefined) throw new Error(`Not a duration: ${duration}`);
  return Number(count) * factor;
}

/** A query as it goes to Prometheus. */
export function expandPromQl(expr: string, window: Window): string {
  const interval = Math.max(window.step, window.scrape);
  const known: Readonly<Record<string, string>> = {
    ...window.variables,
    __interval: `${interval}s`,
    __rate_interval: `${Math.max(interval + window.scrape, 4 * window.scrape)}s`,
    __range: `${Math.ceil(window.to - window.from)}s`,
  };
  return expr.replaceAll(/\$\{?(\w+)\}?/g, (whole, name: string) => {
    const value = known[name];
    if (value === undefined) throw new Error(`Nothing is known about ${whole} in: ${expr}`);
    return value;
  });
}

/** A query as it goes to PostgreSQL. */
export function expandSql(sql: string, window: Window): string {
  const at = (seconds: number) => `'${new Date(seconds * 1_000).toISOString()}'`;
  const expanded = sql
    .replaceAll('$__interval', `'${Math.max(1, Math.ceil(window.step))}s'`)
    .replaceAll(
      /\$__timeFilter\(\s*(\w+)\s*\)/g,
      (_, column: string) => `${column} BETWEEN ${at(window.from)} AND ${at(window.to)}`,
    )
    .replaceAll(/\$__timeGroupAlias\(\s*(\w+)\s*,\s*('?\w+'?)\s*\)/g, (_, column: string, width: string) => {
      const seconds = toSeconds(width);
      return `floor(extract(epoch from ${column})/${seconds})*${seconds} AS "time"`;
    });
  if (expanded.includes('$')) throw new Error(`Nothing is known about a name with a dollar in: ${sql}`);
  return expanded;
}
