import type { CommandHandler } from './commands/command-handler.ts';
import { channels, type Connections } from './connections.ts';
import type { ReportsOf } from './reports.ts';
import type { EventLog } from './store/store.ts';
import type { TimersDefinition } from './timers/definition.ts';
import { DueTimers } from './timers/due-timers.ts';
import { TimerFirings } from './timers/firings.ts';
import { TimerRunner } from './timers/timer-runner.ts';

export interface TimersRoleOptions {
  readonly definitions: readonly TimersDefinition[];
  readonly log: EventLog;
  readonly commands: Pick<CommandHandler, 'execute'>;
  readonly connections: Connections;
  readonly onRefused: (timers: string, key: string, code: string) => void;
  readonly reportsOf: ReportsOf;
  /** Another clock than that of the read-model database. */
  readonly now?: () => number;
  /** The projection of the timers is consumed in this process, which tells of its commits itself. */
  readonly consumedHere: () => boolean;
}

/** What a process that takes commands runs for the timers of a system. */
export function timersRole(options: TimersRoleOptions): TimerRunner {
  const { definitions, log, commands, connections, reportsOf, now } = options;
  const reports = new Map(definitions.map(({ id }) => [id, reportsOf(`timers ${id}`)]));
  const report = reportsOf('timers');
  const runner = new TimerRunner({
    definitions,
    log,
    due: new DueTimers(connections.readModels, now),
    firings: new TimerFirings(connections.eventStore),
    execute: (decider, command, given) => commands.execute(decider, command, given),
    onRefused: ({ definition, key }, code) => options.onRefused(definition, key, code),
    onError: (error, id) => (reports.get(id ?? '') ?? report)(error),
  });
  connections.wakeReadModels.listen(channels.timers, () => {
    if (!options.consumedHere()) runner.nudge();
  });
  return runner;
}
