import { once } from 'node:events';
import http from 'node:http';
import { Type } from 'typebox';
import { Value } from 'typebox/value';
import { freePort } from './free-port.ts';
import { MonitoringProcess } from './prometheus-process.ts';

/** An Alertmanager of one's own, on a free port of 127.0.0.1, which forgets everything at its end. */
export class Alertmanager {
  readonly #process: MonitoringProcess;

  private constructor(running: MonitoringProcess) {
    this.#process = running;
  }

  /** `config`: the text of alertmanager.yml. `files`: what stands beside it. */
  static async start(config: string, files: Readonly<Record<string, string>> = {}): Promise<Alertmanager> {
    const port = await freePort();
    const running = await MonitoringProcess.start(
      'alertmanager',
      port,
      { ...files, 'alertmanager.yml': config },
      (folder) => [
        `--config.file=${folder}/alertmanager.yml`,
        `--storage.path=${folder}/data`,
        `--web.listen-address=127.0.0.1:${port}`,
        // No cluster: it would look for an address of its own.
        '--cluster.listen-address=',
        '--log.level=warn',
      ],
    );
    return new Alertmanager(running);
  }

  get url(): string {
    return this.#process.url;
  }

  /** `host:port`, as prometheus.yml wants it. */
  get target(): string {
    return new URL(this.url).host;
  }

  stop(): Promise<void> {
    return this.#process.stop();
  }
}

/** What an Alertmanager has sent about one alert. */
export interface Notice {
  readonly name: string;
  readonly status: 'firing' | 'resolved';
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** This process's clock when it arrived, in milliseconds since 1970. */
  readonly arrivedAt: number;
}

const texts = Type.Record(Type.String(), Type.String());
const notification = Type.Object({
  alerts: Type.Array(
    Type.Object({
      status: Type.Union([Type.Literal('firing'), Type.Literal('resolved')]),
      labels: texts,
      annotations: texts,
    }),
  ),
});

/** A webhook as alertmanager.yml names one: keeps what comes, in order. */
export class AlertWebhook {
  readonly notices: Notice[] = [];
  readonly url: string;
  readonly #server: http.Server;

  private constructor(server: http.Server, port: number) {
    this.#server = server;
    this.url = `http://127.0.0.1:${port}/`;
  }

  static async start(): Promise<AlertWebhook> {
    const port = await freePort();
    const server = http.createServer();
    const webhook = new AlertWebhook(server, port);
    server.on('request', (request, response) => {
      const parts: Buffer[] = [];
      request.on('data', (part: Buffer) => parts.push(part));
      request.on('end', () => {
        try {
          webhook.#take(JSON.parse(Buffer.concat(parts).toString()));
          response.writeHead(200).end();
        } catch (error) {
          response.writeHead(400).end(String(error));
        }
      });
    });
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    return webhook;
  }

  /** The first notice about an alert with a status; undefined when none has come. */
  first(name: string, status: Notice['status']): Notice | undefined {
    return this.notices.find((notice) => notice.name === name && notice.status === status);
  }

  async stop(): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }

  #take(body: unknown): void {
    const arrivedAt = Date.now();
    for (const { status, labels, annotations } of Value.Parse(notification, body).alerts) {
      this.notices.push({ name: labels['alertname'] ?? '', status, labels, annotations, arrivedAt });
    }
  }
}
