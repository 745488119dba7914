import { existsSync } from 'node:fs';
import process from 'node:process';

const setpriv = '/usr/bin/setpriv';

/** Program and arguments for `spawn`. */
export interface CommandLine {
  readonly program: string;
  readonly args: readonly string[];
}

/**
 * The same command, killed by the system when the process that started it ends, however it ends; and run by another
 * account where one is named. Needs Linux and setpriv; elsewhere the command is given back as it is.
 */
export function dieWithParent(
  command: CommandLine,
  account?: { readonly uid: number; readonly gid: number },
): CommandLine {
  if (process.platform !== 'linux' || !existsSync(setpriv)) return command;
  const user = account === undefined ? [] : [`--reuid=${account.uid}`, `--regid=${account.gid}`, '--clear-groups'];
  return { program: setpriv, args: ['--pdeathsig=KILL', ...user, command.program, ...command.args] };
}
