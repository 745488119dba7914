import { readSettings, type Settings } from '../../config.ts';
import { MillraceError } from '../../errors.ts';
import type { Role } from '../../running-system.ts';
import { loadApplication } from '../application-file.ts';
import type { StartOptions } from '../commands/start.ts';
import { ReportedFailure, reportFailure } from '../failure.ts';
import { readRunRecord, removeRunRecord, writeRunRecord } from '../run-file.ts';
import type { Terminal } from '../terminal.ts';
import { openDatabases } from './database-urls.ts';
import { checkPort } from './port-check.ts';
import { stopInOrder, type StoppablePart } from './stop-in-order.ts';
import { watchStopReasons, type StopReason } from './stop-reasons.ts';
import { whereToLook } from './where-to-look.ts';

const allRoles: readonly Role[] = ['api', 'relay', 'projector'];
/** A stop takes no longer than this. npm, Docker and Kubernetes give ten seconds or more. */
const stopBoundMs = 8_000;
/** PostgreSQL stops last and has this much for itself. */
const databaseStopMs = 3_000;

/** Runs the application until there is a reason to stop. Throws ReportedFailure when that reason was an error. */
export async function start(options: StartOptions, terminal: Terminal): Promise<void> {
  const parts: StoppablePart[] = [];
  const stopAsked = Promise.withResolvers<StopReason>();
  const endWatch = watchStopReasons(stopAsked.resolve, () => {
    terminal.err('Stopping at once.');
    process.exit(1); // the embedded PostgreSQL is told to stop when this process exits
  });
  let reason: StopReason;
  try {
    const begun = bringUp(options, terminal, parts);
    // A reason to stop while it starts: what has started by then is stopped below.
    const first = await Promise.race([begun, stopAsked.promise]);
    reason = first ?? (await stopAsked.promise);
    // Whatever bringUp still starts now is stopped as well.
    if (first !== undefined) await Promise.race([begun.catch(() => undefined), elapsed(stopBoundMs / 2)]);
  } catch (error) {
    reason = { kind: 'error', error };
  }
  tellReason(reason, terminal);
  const problems = await stopInOrder(parts.toReversed(), stopBoundMs, databaseStopMs);
  for (const problem of problems) terminal.err(problem);
  endWatch();
  if (reason.kind === 'error') throw new ReportedFailure('stopped by an error');
  if (problems.length > 0) process.exit(1);
  terminal.err('Stopped.');
  // Nothing is left to do; a forgotten handle must not keep the process.
  process.exitCode = 0;
  setTimeout(() => process.exit(), 500).unref();
}

function tellReason(reason: StopReason, terminal: Terminal): void {
  if (reason.kind === 'error') reportFailure(reason.error, terminal, process.argv.includes('--debug'));
  else if (reason.kind === 'signal') terminal.err(`Stopping (${reason.signal}).`);
  else terminal.err('Stopping: the process that started this one is gone.');
}

/** Starts part by part and notes each in `parts` as soon as it has to be stopped. */
async function bringUp(options: StartOptions, terminal: Terminal, parts: StoppablePart[]): Promise<undefined> {
  const begunAt = performance.now();
  const settings = readSettings(process.env);
  const roles = options.role ?? allRoles;
  const hasApi = roles.includes('api');
  if (hasApi) {
    await checkPort(settings.host, settings.port, (await readRunRecord(settings.dataFolder))?.url);
  }

  // PostgreSQL takes its time to come up, and so do the modules: both at once.
  const application = loadApplication(options.app);
  const modules = loadModules(hasApi);
  // Their errors are met below, where they are awaited.
  for (const early of [application, modules]) early.catch(() => undefined);
  const databases = await openDatabases(
    settings,
    application.then((loaded) => loaded.system),
    terminal.err,
  );
  const { embedded } = databases;
  if (embedded) parts.push({ name: 'PostgreSQL', stop: () => embedded.stop() });

  const { startSystem, migrateSystem, startServer } = await modules;
  const { system: definition } = await application;
  if (settings.migrate) await migrateSystem(definition, databases);
  const system = await startSystem(definition, { ...databases, roles });
  parts.push({ name: 'The system', stop: () => system.stop() });

  if (!startServer) {
    terminal.out(`${definition.name} runs as ${roles.join(' and ')}.`);
    return undefined;
  }
  const server = await startServer(system, await application, serverOptions(settings));
  parts.push({ name: 'The server', stop: () => server.stop() });
  const record = { pid: process.pid, url: server.url, startedAt: new Date().toISOString() };
  await writeRunRecord(settings.dataFolder, record);
  parts.push({ name: 'The run file', stop: () => removeRunRecord(settings.dataFolder, process.pid) });
  for (const line of whereToLook(definition.name, server.url, performance.now() - begunAt)) terminal.out(line);
  return undefined;
}

function serverOptions({ host, port }: Settings): { host: string; port: number } {
  return { host, port };
}

async function loadModules(hasApi: boolean) {
  const [system, server] = await Promise.all([
    import('../../start-system.ts'),
    hasApi ? import('../../server/start-server.ts') : undefined,
  ]);
  return { startSystem: system.startSystem, migrateSystem: system.migrateSystem, startServer: server?.startServer };
}

function elapsed(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
