import type { Settings } from '../../config.ts';
import type { Role } from '../../running-system.ts';
import type { WriteLog } from '../../telemetry/log-events.ts';
import { openProcessLog } from '../../telemetry/process-log.ts';
import { makeSystemLog } from '../../telemetry/system-log.ts';
import { serverLogger } from './server-logger.ts';

/** The log of `millrace start`, and who writes to it. Throws SETTING_INVALID. */
export function openLog(settings: Settings, application: string, roles: readonly Role[]) {
  const { logs, logLevel } = settings;
  const isTerminal = process.stdout.isTTY;
  const processLog = openProcessLog({ application, roles, level: logLevel, settings: logs, isTerminal });
  let isSilent = false;
  const log: WriteLog = (name, values, overrides) => {
    if (!isSilent) processLog.log(name, values, overrides);
  };
  return {
    processLog,
    systemLog: makeSystemLog(log, { mode: logs.events, slowMs: logs.slowMs }),
    logger: serverLogger(log),
    /** What parts still complain about while they are stopped is no news. */
    silence: () => {
      isSilent = true;
    },
  };
}
