import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { chmod, chown, mkdtemp, rm, writeFile } from 'node:fs/promises';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { setTimeout as pause } from 'node:timers/promises';
import { freePort } from './free-port.ts';
import { findRabbitMq, type RabbitMqInstallation } from './rabbitmq-install.ts';
import { RabbitMqNode, type NodePlan } from './rabbitmq-node.ts';

export interface RabbitMqOptions {
  /** With the management plugin, for its HTTP API; it makes the start slower. Default: without. */
  readonly management?: boolean;
  /** With the plugin that tells Prometheus. Default: without. */
  readonly prometheus?: boolean;
  /** More lines for rabbitmq.conf. */
  readonly settings?: readonly string[];
  readonly user?: NodePlan['user'];
  readonly enabledPlugins?: string;
}

/** How long epmd may take to listen. */
const epmdWithinMs = 10_000;

/**
 * A RabbitMQ of one's own: Debian's, by hand, in a folder of its own under the system's temporary folder, on free ports
 * of 127.0.0.1, beside any other. The user is guest, the virtual host `/`.
 * @example
 * const rabbit = await startRabbitMq();
 * await rabbit.kill();
 * await rabbit.start();
 * await rabbit.stop();
 */
export class RabbitMq {
  /** The first node. */
  readonly node: RabbitMqNode;
  readonly #installation: RabbitMqInstallation;
  readonly #home: string;
  readonly #epmd: ChildProcess;
  readonly #epmdPort: number;
  readonly #options: RabbitMqOptions;
  readonly #nodes: RabbitMqNode[];
  readonly #onExit: () => void;

  private constructor(
    node: RabbitMqNode,
    parts: {
      readonly installation: RabbitMqInstallation;
      readonly home: string;
      readonly epmd: ChildProcess;
      readonly epmdPort: number;
      readonly options: RabbitMqOptions;
    },
  ) {
    this.node = node;
    this.#nodes = [node];
    this.#installation = parts.installation;
    this.#home = parts.home;
    this.#epmd = parts.epmd;
    this.#epmdPort = parts.epmdPort;
    this.#options = parts.options;
    this.#onExit = () => {
      for (const one of this.#nodes) if (one.pid !== undefined) process.kill(one.pid, 'SIGKILL');
      this.#epmd.kill('SIGKILL');
      rmSync(this.#home, { recursive: true, force: true });
    };
    process.once('exit', this.#onExit);
  }

  static async start(options: RabbitMqOptions): Promise<RabbitMq> {
    const installation = findRabbitMq();
    if (installation === undefined) throw new Error('There is no RabbitMQ: run `npm run test:rabbitmq` as root once.');
    const home = await makeHome(installation);
    const epmdPort = await freePort();
    const epmd = await startEpmd(installation, epmdPort);
    const node = await planNode('rabbit1', { installation, home, epmdPort, options }, []);
    const server = new RabbitMq(node, { installation, home, epmd, epmdPort, options });
    try {
      await node.prepare();
      await node.start();
    } catch (error) {
      await server.stop();
      throw error;
    }
    return server;
  }

  get url(): string {
    return this.node.url;
  }

  get managementUrl(): string | undefined {
    return this.node.managementUrl;
  }

  /** All nodes, in the order in which they joined. */
  get nodes(): readonly RabbitMqNode[] {
    return this.#nodes;
  }

  /** kill -9 of the first node. The data stays. */
  kill(): Promise<void> {
    return this.node.kill();
  }

  /** Starts the first node again, on its data. */
  start(): Promise<void> {
    return this.node.start();
  }

  /** Stops the first node in order when it runs, and starts it on its data. */
  restart(): Promise<void> {
    return this.node.restart();
  }

  pause(): void {
    this.node.pause();
  }

  resume(): void {
    this.node.resume();
  }

  /** Runs rabbitmqctl for the first node, which takes a second or two. */
  ctl(...args: readonly string[]): Promise<string> {
    return this.node.ctl(...args);
  }

  /** Starts one more node, which joins the first. Quorum queues that are declared from then on may have it as a member. */
  async addNode(): Promise<RabbitMqNode> {
    const parts = {
      installation: this.#installation,
      home: this.#home,
      epmdPort: this.#epmdPort,
      options: this.#options,
    };
    const node = await planNode(`rabbit${this.#nodes.length + 1}`, parts, [
      'cluster_formation.peer_discovery_backend = classic_config',
      `cluster_formation.classic_config.nodes.1 = ${this.node.name}`,
    ]);
    this.#nodes.push(node);
    await node.prepare();
    await node.start();
    return node;
  }

  /** Kills all nodes and epmd, and throws the data away. */
  async stop(): Promise<void> {
    process.removeListener('exit', this.#onExit);
    await Promise.all(this.#nodes.map((node) => node.kill()));
    if (this.#epmd.exitCode === null && this.#epmd.signalCode === null) {
      const closed = once(this.#epmd, 'close');
      this.#epmd.kill('SIGKILL');
      await closed;
    }
    await rm(this.#home, { recursive: true, force: true });
  }
}

/** Starts a RabbitMQ with one node and resolves when it takes connections: 5 to 7 seconds on two idle cores. */
export function startRabbitMq(options: RabbitMqOptions = {}): Promise<RabbitMq> {
  return RabbitMq.start(options);
}

/** Starts three nodes in one cluster: about 20 seconds. */
export async function startRabbitMqCluster(options: RabbitMqOptions = {}): Promise<RabbitMq> {
  const rabbit = await startRabbitMq(options);
  try {
    await rabbit.addNode();
    await rabbit.addNode();
  } catch (error) {
    await rabbit.stop();
    throw error;
  }
  return rabbit;
}

async function makeHome(installation: RabbitMqInstallation): Promise<string> {
  const home = await mkdtemp(path.join(tmpdir(), 'millrace-rabbitmq-'));
  const cookie = path.join(home, '.erlang.cookie');
  await writeFile(cookie, `MILLRACE${String(process.pid).padStart(12, 'X')}`);
  await chmod(cookie, 0o400);
  const { account } = installation;
  if (account !== undefined) for (const one of [home, cookie]) await chown(one, account.uid, account.gid);
  return home;
}

/** Erlang would start an epmd that outlives the nodes: with one that listens already it does not. */
async function startEpmd(installation: RabbitMqInstallation, port: number): Promise<ChildProcess> {
  const { account, epmd } = installation;
  const user = account === undefined ? [] : [`--reuid=${account.uid}`, `--regid=${account.gid}`, '--clear-groups'];
  const args = ['--pdeathsig=KILL', ...user, epmd, '-port', String(port), '-address', '127.0.0.1'];
  const child = spawn('/usr/bin/setpriv', args, { stdio: 'ignore', cwd: '/' });
  const end = performance.now() + epmdWithinMs;
  while (!(await listens(port))) {
    if (child.exitCode !== null || performance.now() > end) {
      child.kill('SIGKILL');
      throw new Error('epmd did not come up.');
    }
    await pause(20);
  }
  return child;
}

async function listens(port: number): Promise<boolean> {
  const socket = net.connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

async function planNode(
  name: string,
  parts: {
    readonly installation: RabbitMqInstallation;
    readonly home: string;
    readonly epmdPort: number;
    readonly options: RabbitMqOptions;
  },
  settings: readonly string[],
): Promise<RabbitMqNode> {
  const { options, ...rest } = parts;
  return new RabbitMqNode({
    ...rest,
    name,
    amqpPort: await freePort(),
    distributionPort: await freePort(),
    managementPort: options.management === true ? await freePort() : undefined,
    prometheusPort: options.prometheus === true ? await freePort() : undefined,
    settings: [...(options.settings ?? []), ...settings],
    user: options.user,
    enabledPlugins: options.enabledPlugins,
  });
}
