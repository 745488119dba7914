import { Type, type Static, type TSchema } from 'typebox';
import { Value } from 'typebox/value';
import { freePort } from './free-port.ts';
import { MonitoringProcess } from './prometheus-process.ts';

/** One series of an answer: its labels, and its newest value at the end of `values` (a vector has one). */
export interface Series {
  readonly labels: Readonly<Record<string, string>>;
  /** Seconds since 1970 and the number. */
  readonly values: readonly (readonly [time: number, value: number])[];
}

/** An alert as Prometheus sees it. */
export interface ActiveAlert {
  readonly name: string;
  readonly state: 'pending' | 'firing';
  readonly labels: Readonly<Record<string, string>>;
  /** When its expression was true first, in milliseconds since 1970. */
  readonly activeAt: number;
}

export interface PrometheusOptions {
  /** prometheus.yml; see {@link prometheusConfig}. */
  readonly config: string;
  /** Files beside it: rules, lists of targets. Name → text. */
  readonly files?: Readonly<Record<string, string>>;
}

const labels = Type.Record(Type.String(), Type.String());
const sample = Type.Tuple([Type.Number(), Type.String()]);
const vectorAnswer = Type.Object({
  data: Type.Object({
    resultType: Type.String(),
    result: Type.Array(
      Type.Object({ metric: labels, value: Type.Optional(sample), values: Type.Optional(Type.Array(sample)) }),
    ),
  }),
});
const scalarAnswer = Type.Object({ data: Type.Object({ resultType: Type.Literal('scalar'), result: sample }) });
const alertsAnswer = Type.Object({
  data: Type.Object({
    alerts: Type.Array(
      Type.Object({
        labels,
        state: Type.Union([Type.Literal('pending'), Type.Literal('firing')]),
        activeAt: Type.String(),
      }),
    ),
  }),
});
const targetsAnswer = Type.Object({
  data: Type.Object({
    activeTargets: Type.Array(Type.Object({ labels, health: Type.String(), lastError: Type.String() })),
  }),
});
const alertmanagersAnswer = Type.Object({
  data: Type.Object({ activeAlertmanagers: Type.Array(Type.Object({ url: Type.String() })) }),
});

/**
 * A Prometheus of one's own: Debian's, in a folder that is thrown away, on a free port of 127.0.0.1.
 * @example
 * const prometheus = await startPrometheus({ config: prometheusConfig({ jobs: { 'rlapp-api': ['127.0.0.1:5000'] } }) });
 * await prometheus.query('outbox_pending_count');
 * await prometheus.stop();
 */
export class Prometheus {
  readonly #process: MonitoringProcess;

  private constructor(running: MonitoringProcess) {
    this.#process = running;
  }

  static async start(options: PrometheusOptions): Promise<Prometheus> {
    const port = await freePort();
    const files = { ...options.files, 'prometheus.yml': options.config };
    const running = await MonitoringProcess.start('prometheus', port, files, (folder) => [
      `--config.file=${folder}/prometheus.yml`,
      `--storage.tsdb.path=${folder}/data`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--web.enable-lifecycle',
      '--storage.tsdb.retention.time=1d',
      '--log.level=warn',
    ]);
    return new Prometheus(running);
  }

  get url(): string {
    return this.#process.url;
  }

  /** The end of what it wrote: warnings and errors. */
  get output(): string {
    return this.#process.output;
  }

  /** What an expression comes to now, or at a time (seconds since 1970). Rejects when Prometheus does not understand it. */
  async query(expression: string, at?: number): Promise<Series[]> {
    const parameters = new URLSearchParams({ query: expression, ...(at === undefined ? {} : { time: String(at) }) });
    return toSeries(await this.#ask(`/api/v1/query?${parameters}`));
  }

  /** What it came to between two times (seconds since 1970), in steps of so many seconds. */
  async queryRange(expression: string, start: number, end: number, step: number): Promise<Series[]> {
    const parameters = new URLSearchParams({
      query: expression,
      start: String(start),
      end: String(end),
      step: String(step),
    });
    return toSeries(await this.#ask(`/api/v1/query_range?${parameters}`));
  }

  /** Alerts whose expression is true now. */
  async alerts(): Promise<ActiveAlert[]> {
    const { data } = parse(alertsAnswer, await this.#ask('/api/v1/alerts'));
    return data.alerts.map((alert) => ({
      name: alert.labels['alertname'] ?? '',
      state: alert.state,
      labels: alert.labels,
      activeAt: Date.parse(alert.activeAt),
    }));
  }

  /** Where it scrapes: job → whether all its targets were well at the last scrape. */
  async targets(): Promise<Readonly<Record<string, boolean>>> {
    const { data } = parse(targetsAnswer, await this.#ask('/api/v1/targets?state=active'));
    const found: Record<string, boolean> = {};
    for (const { labels: own, health } of data.activeTargets) {
      const job = own['job'] ?? '';
      found[job] = (found[job] ?? true) && health === 'up';
    }
    return found;
  }

  /** How many Alertmanagers it would tell now. After a start or a reload it knows of none for some seconds. */
  async alertmanagers(): Promise<number> {
    const { data } = parse(alertmanagersAnswer, await this.#ask('/api/v1/alertmanagers'));
    return data.activeAlertmanagers.length;
  }

  /** Replaces files, and lets it read all of them again. */
  async reload(files: Readonly<Record<string, string>> = {}): Promise<void> {
    for (const [name, text] of Object.entries(files)) await this.#process.write(name, text);
    await this.#process.reload();
  }

  stop(): Promise<void> {
    return this.#process.stop();
  }

  async #ask(path: string): Promise<unknown> {
    const answer = await fetch(`${this.url}${path}`);
    if (!answer.ok) throw new Error(`Prometheus answers ${answer.status}: ${await answer.text()}`);
    return answer.json();
  }
}

/** Starts a Prometheus and resolves when it answers. */
export function startPrometheus(options: PrometheusOptions): Promise<Prometheus> {
  return Prometheus.start(options);
}

/**
 * Lines of a prometheus.yml. `jobs`: name → `host:port` of its targets. `rules`: names of files beside it.
 * `interval`: between scrapes, and unless `evaluation` says otherwise between evaluations; default 1 s.
 */
export function prometheusConfig(options: {
  readonly jobs: Readonly<Record<string, readonly string[]>>;
  readonly interval?: string;
  readonly evaluation?: string;
  readonly rules?: readonly string[];
  /** `host:port` of an Alertmanager. */
  readonly alertmanager?: string;
}): string {
  const { interval = '1s', evaluation = interval, rules = [], alertmanager } = options;
  const list = (values: readonly string[]) => JSON.stringify(values);
  return [
    `global: { scrape_interval: ${interval}, scrape_timeout: ${interval}, evaluation_interval: ${evaluation} }`,
    `rule_files: ${list(rules)}`,
    ...(alertmanager === undefined
      ? []
      : [`alerting: { alertmanagers: [{ static_configs: [{ targets: ${list([alertmanager])} }] }] }`]),
    'scrape_configs:',
    ...Object.entries(options.jobs).map(
      ([job, targets]) => `  - { job_name: ${JSON.stringify(job)}, static_configs: [{ targets: ${list(targets)} }] }`,
    ),
    '',
  ].join('\n');
}

function parse<Schema extends TSchema>(schema: Schema, answer: unknown): Static<Schema> {
  return Value.Parse(schema, answer);
}

function toSeries(answer: unknown): Series[] {
  if (Value.Check(scalarAnswer, answer)) return [{ labels: {}, values: [toNumber(answer.data.result)] }];
  return parse(vectorAnswer, answer).data.result.map(({ metric, value, values }) => ({
    labels: metric,
    values: (values ?? (value === undefined ? [] : [value])).map(toNumber),
  }));
}

function toNumber([time, text]: readonly [number, string]): readonly [number, number] {
  return [time, text === '+Inf' ? Infinity : text === '-Inf' ? -Infinity : Number(text)];
}
