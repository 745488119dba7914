import os from 'node:os';
import type { ArchiveStatus } from '../../archive/archive.ts';
import type { ArchiveCommandOptions } from '../commands/archive.ts';
import { ReportedFailure } from '../failure.ts';
import type { Terminal } from '../terminal.ts';
import { onArchive } from './on-archive.ts';

/** `millrace archive run` */
export async function runArchive(options: ArchiveCommandOptions, terminal: Terminal): Promise<void> {
  const result = await onArchive(options, terminal, (opened) =>
    opened.run((events) => terminal.progress(`${events} events archived`)),
  );
  terminal.endProgress();
  if (options.json === true) terminal.out(JSON.stringify(result));
  else {
    const ended = result.stopped === 'paused' ? '; the archive is paused ("millrace archive resume")' : '';
    terminal.out(`Archived ${result.events} events in ${result.files} files${ended}.`);
  }
}

/** `millrace archive status` */
export async function showArchive(options: ArchiveCommandOptions, terminal: Terminal): Promise<void> {
  const status = await onArchive(options, terminal, ({ archive }) => archive.status());
  if (options.json === true) {
    terminal.out(JSON.stringify(status));
    return;
  }
  for (const line of linesOf(status)) terminal.out(line);
}

function linesOf(status: ArchiveStatus): string[] {
  const { archived, inLog, lastPosition, files, bytes, folder, scannedTo, waiting, paused, run } = status;
  const lines = [
    `${archived} events archived and ${inLog} in the log: ${lastPosition} in all.`,
    `${files} files, ${bytes} bytes, in ${folder ?? 'no folder that is set'}.`,
    `Streams that ended were looked for up to position ${scannedTo}.`,
    ...waiting.map(({ reason, streams }) => `${streams} closed streams wait: ${reasons[reason] ?? reason}.`),
  ];
  if (run !== null) {
    const ended = run.finishedAt === null ? 'runs, or was cut off' : `ended ${run.finishedAt}`;
    lines.push(`The last run began ${run.startedAt}, ${ended}, and archived ${run.events} events.`);
    if (run.error !== null) lines.push(`It failed: ${run.error}`);
  }
  if (paused !== null) {
    lines.push(`Paused since ${paused.since} by ${paused.by}${paused.reason === null ? '' : `: ${paused.reason}`}.`);
  }
  return lines;
}

const reasons: { readonly [reason: string]: string } = {
  refused: 'the broker refused an event of theirs',
  parked: 'an event of theirs waits in dead letters',
  ledger: 'the lag ledger still has rows of theirs',
};

/** `millrace archive verify` */
export async function verifyFiles(options: ArchiveCommandOptions, terminal: Terminal): Promise<void> {
  const found = await onArchive(options, terminal, (opened) => opened.verify((name) => terminal.progress(name)));
  terminal.endProgress();
  if (options.json === true) terminal.out(JSON.stringify(found));
  else {
    for (const problem of found.problems) terminal.out(problem);
    for (const name of found.unknownFiles) terminal.out(`${name} is in the folder, and no record knows it.`);
    const counted = `${found.events} archived + ${found.inLog} in the log, last position ${found.lastPosition}`;
    terminal.out(`${found.files} files read, ${found.problems.length} problems: ${counted}.`);
  }
  if (found.problems.length > 0) throw new ReportedFailure('the archive has problems');
}

/** `millrace archive pause` */
export async function pauseArchive(options: ArchiveCommandOptions, terminal: Terminal): Promise<void> {
  const actor = `command-line:${os.userInfo().username}`;
  await onArchive(options, terminal, ({ archive }) => archive.pause(actor, options.reason));
  terminal.out('The archive is paused: whoever archives stops before its next batch.');
}

/** `millrace archive resume` */
export async function resumeArchive(options: ArchiveCommandOptions, terminal: Terminal): Promise<void> {
  await onArchive(options, terminal, ({ archive }) => archive.resume());
  terminal.out('The archive goes on with its next run.');
}
