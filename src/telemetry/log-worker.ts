import { write } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { unshippedLines } from './clef-cursor.ts';
import { ClefShipper } from './clef-shipper.ts';
import { errorForLog } from './error-for-log.ts';
import type { WriteLog } from './log-events.ts';
import { LogFiles, logGroups } from './log-files.ts';
import type { FromLogWorker, LogWorkerOptions, ToLogWorker } from './log-worker-messages.ts';
import { errorValues } from './log-writer.ts';

/** The thread that writes the files of a process and sends them to Seq: nothing that is slow there delays an event. */

const pruneEveryMs = 60_000;
const sayAgainMs = 10_000;
/** Characters that wait for a reader of standard output at most. */
const mostWaiting = 1024 * 1024;

const port = parentPort;
if (port === null) throw new Error('This file is a worker.');
// Given by log-output.ts, which is the only one to start this.
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see above
const { folder, keepMs, keepBytes, seq, standardOutput } = workerData as LogWorkerOptions;
const tell = (message: FromLogWorker): void => port.postMessage(message);
const log: WriteLog = (name, values) => tell({ kind: 'line', name, values });

let lost = 0;
let saidAt = -Infinity;
const files =
  folder === undefined
    ? undefined
    : new LogFiles({
        folder,
        keepMs,
        keepBytes,
        onRemove: (file) => {
          const lines = seq === undefined ? 0 : unshippedLines(folder, file);
          if (lines > 0) log('linesRemoved', { LineCount: lines });
        },
      });
const shipper = folder === undefined || seq === undefined ? undefined : new ClefShipper({ ...seq, folder, log });
shipper?.start();
const pruning = setInterval(
  () =>
    attempt(
      () => files?.prune(),
      () => 0,
    ),
  pruneEveryMs,
);

/** A disk that is full or gone costs lines, never the process. */
function attempt(work: () => void, lines: () => number): void {
  try {
    work();
  } catch (error) {
    lost += lines();
    if (performance.now() - saidAt < sayAgainMs) return;
    saidAt = performance.now();
    log('filesFailed', { LineCount: lost, ...errorValues(errorForLog(error)) });
    lost = 0;
  }
}

let waiting = '';
let isWriting = false;
let onWritten: (() => void) | undefined;

/** One write at a time, beside everything else: whoever reads standard output may take its time. */
function toStandardOutput(lines: string): void {
  if (waiting.length + lines.length > mostWaiting) return;
  waiting += lines;
  if (!isWriting) writeOn();
}

function writeOn(): void {
  const text = waiting;
  if (text === '') {
    isWriting = false;
    onWritten?.();
    return;
  }
  isWriting = true;
  waiting = '';
  const bytes = Buffer.from(text);
  const rest = (from: number): void => {
    write(1, bytes, from, bytes.length - from, null, (error, written) => {
      if (error?.code === 'EAGAIN') setTimeout(rest, 20, from);
      else if (error !== null || from + written >= bytes.length) writeOn();
      else rest(from + written);
    });
  };
  rest(0);
}

async function end(patience: number): Promise<void> {
  clearInterval(pruning);
  const printed = new Promise<void>((resolve) => {
    if (!isWriting) resolve();
    onWritten = resolve;
  });
  const enough = new Promise((resolve) => {
    setTimeout(resolve, patience);
  });
  await Promise.race([enough, Promise.all([printed, shipper?.stop(patience)])]);
  attempt(
    () => files?.close(),
    () => 0,
  );
  tell({ kind: 'ended' });
}

port.on('message', (message: ToLogWorker) => {
  if (message.kind === 'end') {
    void end(message.patience);
    return;
  }
  for (const group of logGroups) {
    const lines = message[group];
    if (lines === '') continue;
    attempt(
      () => files?.append(group, lines),
      () => lines.split('\n').length - 1,
    );
    if (standardOutput === 'all') toStandardOutput(lines);
  }
  if (message.shown !== '') toStandardOutput(message.shown);
  tell({ kind: 'written', size: message.log.length + message.way.length });
});
