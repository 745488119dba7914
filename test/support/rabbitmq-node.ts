import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chown, mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { connect } from 'amqplib';
import type { RabbitMqInstallation } from './rabbitmq-install.ts';

const run = promisify(execFile);
/** On two busy cores a node takes 5 to 15 seconds. */
const startWithinMs = 90_000;
const ctlWithinMs = 60_000;

/** Everything that one node needs. Nodes of one cluster share the folder of the cookie and epmd. */
export interface NodePlan {
  readonly installation: RabbitMqInstallation;
  /** `rabbit1`; the node is then called `rabbit1@localhost`. */
  readonly name: string;
  /** HOME of the node: it holds the cookie. */
  readonly home: string;
  readonly epmdPort: number;
  readonly amqpPort: number;
  readonly distributionPort: number;
  readonly managementPort: number | undefined;
  /** Where Prometheus finds its figures. */
  readonly prometheusPort: number | undefined;
  /** Lines for rabbitmq.conf. */
  readonly settings: readonly string[];
  /** The user, and the only one, with a virtual host of his own. Default: guest with `/`. */
  readonly user?: { readonly name: string; readonly password: string; readonly virtualHost: string } | undefined;
  /** Text of the file enabled_plugins. Default: the management plugin where it has a port. */
  readonly enabledPlugins?: string | undefined;
}

/** One RabbitMQ node, which can be killed and started again on its data. */
export class RabbitMqNode {
  readonly name: string;
  readonly url: string;
  readonly managementUrl: string | undefined;
  /** `host:port` of the figures for Prometheus, at /metrics. */
  readonly prometheusTarget: string | undefined;
  /** What it logs. */
  readonly logFile: string;
  readonly #plan: NodePlan;
  readonly #folder: string;
  #process: ChildProcess | undefined;
  #output = '';

  constructor(plan: NodePlan) {
    this.#plan = plan;
    this.#folder = path.join(plan.home, plan.name);
    this.name = `${plan.name}@localhost`;
    const { user } = plan;
    this.url =
      user === undefined
        ? `amqp://guest:guest@127.0.0.1:${plan.amqpPort}`
        : `amqp://${user.name}:${user.password}@127.0.0.1:${plan.amqpPort}/${user.virtualHost}`;
    this.managementUrl = plan.managementPort === undefined ? undefined : `http://127.0.0.1:${plan.managementPort}`;
    this.prometheusTarget = plan.prometheusPort === undefined ? undefined : `127.0.0.1:${plan.prometheusPort}`;
    this.logFile = path.join(this.#folder, 'log', `${this.name}.log`);
  }

  /** The process id of the Erlang machine; undefined when it does not run. */
  get pid(): number | undefined {
    const child = this.#process;
    return child === undefined || child.exitCode !== null || child.signalCode !== null ? undefined : child.pid;
  }

  /** Writes the configuration. Once, before the first start. */
  async prepare(): Promise<void> {
    const { amqpPort, managementPort, prometheusPort, settings, installation } = this.#plan;
    const lines = [
      `listeners.tcp.1 = 127.0.0.1:${amqpPort}`,
      'log.file.level = info',
      'raft.wal_max_size_bytes = 67108864',
      ...(managementPort === undefined
        ? []
        : ['management.tcp.ip = 127.0.0.1', `management.tcp.port = ${managementPort}`]),
      ...(prometheusPort === undefined
        ? []
        : ['prometheus.tcp.ip = 127.0.0.1', `prometheus.tcp.port = ${prometheusPort}`]),
      ...settings,
    ];
    const folders = ['', 'mnesia', 'log', 'generated', 'schema'].map((name) => path.join(this.#folder, name));
    for (const folder of folders) await mkdir(folder);
    const plugins = [
      ...(managementPort === undefined ? [] : ['rabbitmq_management']),
      ...(prometheusPort === undefined ? [] : ['rabbitmq_prometheus']),
    ];
    const enabled = this.#plan.enabledPlugins ?? `[${plugins.join(',')}].`;
    await writeFile(path.join(this.#folder, 'rabbitmq.conf'), `${lines.join('\n')}\n`);
    await writeFile(path.join(this.#folder, 'enabled_plugins'), `${enabled}\n`);
    const { account } = installation;
    if (account === undefined) return;
    for (const folder of folders) await chown(folder, account.uid, account.gid);
    await chown(path.join(this.#folder, 'enabled_plugins'), account.uid, account.gid);
  }

  /** Starts it and resolves when it takes connections. Rejects with what it wrote when it does not. */
  async start(): Promise<void> {
    if (this.pid !== undefined) throw new Error(`${this.name} runs already.`);
    const child = spawn('/usr/bin/setpriv', this.#as(path.join(this.#plan.installation.programs, 'rabbitmq-server')), {
      cwd: this.#folder,
      // `detached` makes the script become the Erlang machine, so that this process id is the one to be killed.
      env: { ...this.#environment(), detached: 'true' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#process = child;
    this.#output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (bytes: Buffer) => {
        this.#output = (this.#output + bytes.toString()).slice(-4_000);
      });
    }
    const end = performance.now() + startWithinMs;
    while (!(await this.#answers())) {
      if (this.pid === undefined || performance.now() > end) throw new Error(await this.#complaint());
      await pause(50);
    }
  }

  /** kill -9. The data stays. */
  kill(): Promise<void> {
    return this.#end('SIGKILL');
  }

  /** Stops it in order, which takes 5 to 10 seconds. The data stays. */
  shutDown(): Promise<void> {
    return this.#end('SIGTERM');
  }

  /** Stops it in order when it runs, and starts it on its data. */
  async restart(): Promise<void> {
    await this.shutDown();
    await this.start();
  }

  /** Stands still until `resume`: connections stay open and nothing is answered. */
  pause(): void {
    this.#process?.kill('SIGSTOP');
  }

  resume(): void {
    this.#process?.kill('SIGCONT');
  }

  /**
   * Runs rabbitmqctl, which takes a second or two, and gives what it wrote.
   * @example await node.ctl('list_queues', 'name', 'messages');
   */
  async ctl(...args: readonly string[]): Promise<string> {
    const { program, words, options } = this.tool('rabbitmqctl');
    const { stdout } = await run(program, [...words, '-q', ...args], { ...options, timeout: ctlWithinMs });
    return stdout;
  }

  /** How one of RabbitMQ's programs is run for this node. */
  tool(name: 'rabbitmqctl' | 'rabbitmq-diagnostics') {
    const words = [...this.#as(path.join(this.#plan.installation.programs, name)), '-n', this.name];
    return { program: '/usr/bin/setpriv', words, options: { cwd: this.#folder, env: this.#environment() } };
  }

  /**
   * Writes to disk what it knows of its queues. RabbitMQ 3.10 keeps the directory of its quorum queues in a DETS table
   * that it saves only when the table has rested for half a second. Killed before, it comes back with the queue's name
   * and without its process, and a question to the queue is never answered.
   */
  async saveQueues(): Promise<void> {
    await this.ctl('eval', '[ok = dets:sync(Table) || Table <- dets:all()], mnesia:sync_log().');
  }

  /** Ends with the process that started it, whatever becomes of that one, and never runs as root. */
  #as(program: string): string[] {
    const { account } = this.#plan.installation;
    const user = account === undefined ? [] : [`--reuid=${account.uid}`, `--regid=${account.gid}`, '--clear-groups'];
    return ['--pdeathsig=KILL', ...user, program];
  }

  #environment(): NodeJS.ProcessEnv {
    const { home, epmdPort, distributionPort, user } = this.#plan;
    const at = (name: string) => path.join(this.#folder, name);
    return {
      PATH: '/usr/local/bin:/usr/bin:/bin',
      LANG: 'C.UTF-8',
      HOME: home,
      ERL_EPMD_PORT: String(epmdPort),
      ERL_EPMD_ADDRESS: '127.0.0.1',
      RABBITMQ_NODENAME: this.name,
      RABBITMQ_MNESIA_BASE: at('mnesia'),
      RABBITMQ_LOG_BASE: at('log'),
      RABBITMQ_PID_FILE: at('pid'),
      RABBITMQ_CONFIG_FILE: at('rabbitmq.conf'),
      RABBITMQ_ADVANCED_CONFIG_FILE: at('advanced.config'),
      RABBITMQ_CONF_ENV_FILE: '/dev/null',
      RABBITMQ_ENABLED_PLUGINS_FILE: at('enabled_plugins'),
      RABBITMQ_GENERATED_CONFIG_DIR: at('generated'),
      RABBITMQ_SCHEMA_DIR: at('schema'),
      RABBITMQ_DIST_PORT: String(distributionPort),
      ...(user === undefined
        ? {}
        : {
            RABBITMQ_DEFAULT_USER: user.name,
            RABBITMQ_DEFAULT_PASS: user.password,
            RABBITMQ_DEFAULT_VHOST: user.virtualHost,
          }),
      RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '-kernel inet_dist_use_interface {127,0,0,1}',
    };
  }

  async #answers(): Promise<boolean> {
    try {
      await (await connect(this.url, { timeout: 2_000 })).close();
      return true;
    } catch {
      return false;
    }
  }

  async #end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const child = this.#process;
    if (child === undefined || this.pid === undefined) return;
    const closed = once(child, 'close');
    child.kill('SIGCONT');
    child.kill(signal);
    await closed;
  }

  async #complaint(): Promise<string> {
    const log = await readFile(this.logFile, 'utf8').catch(() => '');
    return `${this.name} did not come up.\n${this.#output}\n${log.slice(-4_000)}`;
  }
}
