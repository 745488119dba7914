import { setTimeout as pause } from 'node:timers/promises';
import { archiveFolder, archiveToRead, readSettings, type Settings } from '../../config.ts';
import type { Role } from '../../running-system.ts';
import { findApplicationFile, loadApplication } from '../application-file.ts';
import type { StartOptions } from '../commands/start.ts';
import { ReportedFailure, reportFailure } from '../failure.ts';
import { readRunRecord, removeRunRecord, writeRunRecord } from '../run-file.ts';
import type { Terminal } from '../terminal.ts';
import { packageVersion } from '../package-version.ts';
import { accessFrom, checkSecrets, openDoors } from './access-settings.ts';
import { renewingLine } from './renewing-line.ts';
import { openDatabases } from './database-urls.ts';
import { grpcChoice } from './grpc-options.ts';
import { checkPort } from './port-check.ts';
import { tracingFor } from './tracing.ts';
import { stopInOrder, type StoppablePart } from './stop-in-order.ts';
import { watchStopReasons, type StopReason } from './stop-reasons.ts';
import { whatRuns } from './what-runs.ts';
import { whereToLook } from './where-to-look.ts';
import type { ProcessLog } from '../../telemetry/process-log.ts';

const allRoles: readonly Role[] = ['api', 'relay', 'projector'];
/** A stop takes no longer than this. npm, Docker and Kubernetes give ten seconds or more. */
const stopBoundMs = 8_000;
/** PostgreSQL stops last and has this much for itself. */
const databaseStopMs = 3_000;
/** The log is closed behind everything else, and has this much of the whole. */
const logStopMs = 1_500;

/** Runs the application until there is a reason to stop. Throws ReportedFailure when that reason was an error. */
export async function start(options: StartOptions, terminal: Terminal): Promise<void> {
  const parts: StoppablePart[] = [];
  const stopAsked = Promise.withResolvers<StopReason>();
  const endWatch = watchStopReasons(stopAsked.resolve, () => {
    terminal.err('Stopping at once.');
    process.exit(1); // the embedded PostgreSQL is told to stop when this process exits
  });
  let isStopping = false;
  const running: Running = { parts, log: undefined };
  const begun = bringUp(options, terminal, running, () => isStopping);
  begun.catch((error: unknown) => stopAsked.resolve({ kind: 'error', error }));
  const reason = await stopAsked.promise;
  isStopping = true;
  const askedAt = performance.now();
  tellReason(reason, terminal);

  // Asked while it still started: what is half started becomes a part in a moment, and is stopped with the others.
  await Promise.race([begun.catch(() => undefined), pause(stopBoundMs / 2, undefined, { ref: false })]);
  const left = stopBoundMs - logStopMs - (performance.now() - askedAt);
  const problems = await stopInOrder(parts.toReversed(), left, databaseStopMs);
  running.log?.log('processStopped', {});
  await running.log?.close();
  for (const problem of problems) terminal.err(problem);
  endWatch();
  const failed = reason.kind === 'error' || problems.length > 0;
  if (!failed) terminal.err('Stopped.');
  // All is done; a handle that somebody forgot must not keep the process.
  setTimeout(() => process.exit(), 500).unref();
  if (failed) throw new ReportedFailure('stopped by an error');
}

function tellReason(reason: StopReason, terminal: Terminal): void {
  if (reason.kind === 'error') reportFailure(reason.error, terminal, process.argv.includes('--debug'));
  else if (reason.kind === 'signal') terminal.err(`Stopping (${reason.signal}).`);
  else terminal.err('Stopping: the process that started this one is gone.');
}

/** What has to be stopped. */
interface Running {
  readonly parts: StoppablePart[];
  log: ProcessLog | undefined;
}

/** Starts part by part and notes each in `parts` as soon as it has to be stopped. */
async function bringUp(
  options: StartOptions,
  terminal: Terminal,
  running: Running,
  isStopping: () => boolean,
): Promise<void> {
  const { parts } = running;
  const begunAt = performance.now();
  const settings = readSettings(process.env);
  const { host, port } = settings;
  const roles = options.role ?? allRoles;
  const hasApi = roles.includes('api');
  if (hasApi) {
    await checkPort(host, port, (await readRunRecord(settings.dataFolder))?.url);
  }

  // PostgreSQL takes its time to come up, and so do the modules: both at once.
  const application = loadApplication(await findApplicationFile(options.app, process.cwd())).then((loaded) => {
    if (hasApi) checkSecrets(loaded, settings);
    return loaded;
  });
  const definition = application.then((loaded) => loaded.system);
  const modules = loadModules(hasApi);
  // Their errors are met below, where they are awaited.
  for (const early of [definition, modules]) early.catch(() => undefined);
  const databases = await openDatabases(settings, definition, terminal.err);
  const { embedded } = databases;
  if (embedded) parts.push({ name: 'PostgreSQL', stop: () => embedded.stop() });

  const { startSystem, migrateSystem, startServer, startHealthServer, openLog } = await modules;
  const { name } = await definition;
  const { processLog, systemLog, logger, silence } = openLog(settings, name, roles);
  running.log = processLog;
  const onRenewing = renewingLine(terminal);
  if (settings.migrate) await migrateSystem(await definition, databases, { onRenewing, ...archiveToRead(settings) });
  const tracing = await tracingFor(settings, name, roles);
  // Behind the system, which tells until its end.
  if (tracing !== undefined) parts.push({ name: 'Tracing', stop: () => tracing.stop() });
  const system = await startSystem(await definition, {
    ...{ ...databases, ...systemOptions(settings), roles, systemLog },
    ...(tracing === undefined ? {} : { tracing }),
  });
  const stopSystem = async () => {
    await system.stop();
    // Connections that close while PostgreSQL stops complain about it, and that is no news any more.
    silence();
  };
  parts.push({ name: 'The system', stop: stopSystem });

  processLog.log('processStarted', { Roles: roles.join(' ') });
  const { healthPort } = settings;
  if (healthPort !== undefined) {
    const health = await (await startHealthServer())(system, { host, port: healthPort, logger });
    parts.push({ name: 'The health routes', stop: () => health.stop() });
    terminal.err(`Health is told at ${health.url}/health/ready.`);
  }
  if (!startServer) {
    for (const line of whatRuns(name, roles, databases, settings.rabbitmqUrl)) terminal.err(line);
    return;
  }
  const grpc = await grpcChoice(settings, options.grpc === true);
  if ('notServed' in grpc && grpc.notServed !== undefined) terminal.err(grpc.notServed);
  const server = await startServer(await application, system, {
    ...{ host, port, logger, version: packageVersion() },
    onRequestDone: (request) => systemLog.way.requestDone(request),
    ...('options' in grpc ? { grpc: grpc.options } : {}),
    access: accessFrom(settings),
    trustedProxies: settings.trustedProxies,
  });
  parts.push({ name: 'The server', stop: () => server.stop() });
  const record = { pid: process.pid, url: server.url, startedAt: new Date().toISOString() };
  await writeRunRecord(settings.dataFolder, record);
  parts.push({ name: 'The run file', stop: () => removeRunRecord(settings.dataFolder, process.pid) });
  // Asked to stop meanwhile: nothing is there to look at.
  if (isStopping()) return;
  if (roles.length < allRoles.length) {
    for (const line of whatRuns(name, roles, databases, settings.rabbitmqUrl)) terminal.err(line);
  }
  const hasPages = (await application).web !== undefined;
  for (const line of whereToLook(name, server.url, performance.now() - begunAt, hasPages, server.grpc))
    terminal.err(line);
  for (const line of openDoors(await application, settings)) terminal.err(line);
}

function systemOptions(settings: Settings) {
  const { relay, retrySchedule, keepOldBuildMs, rabbitmqUrl, logDiskLimit, lagRetention } = settings;
  const folder = archiveFolder(settings);
  return {
    lagRetention,
    ...(folder === undefined ? {} : { archive: { folder, afterMs: settings.archive.afterMs } }),
    relay,
    retrySchedule,
    keepOldBuildMs,
    ...(rabbitmqUrl === undefined ? {} : { rabbitmqUrl }),
    ...(logDiskLimit === undefined ? {} : { logDiskLimit }),
  };
}

async function loadModules(hasApi: boolean) {
  const [{ startSystem }, { migrateSystem }, server, { openLog }] = await Promise.all([
    import('../../start-system.ts'),
    import('../../migrate-system.ts'),
    hasApi ? import('../../server/start-server.ts') : undefined,
    import('../logs/open-log.ts'),
  ]);
  return {
    startSystem,
    migrateSystem,
    startServer: server?.startServer,
    /** Loaded when it is wanted: most processes have no port for health alone. */
    startHealthServer: async () => (await import('../../server/start-server.ts')).startHealthServer,
    openLog,
  };
}
