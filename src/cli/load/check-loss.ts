import { setTimeout as pause } from 'node:timers/promises';
import { MillraceError } from '../../errors.ts';
import { numberFrom, objectFrom } from '../json-shape.ts';
import type { ServerClient } from '../server-client.ts';
import type { JournalContent } from './journal.ts';
import { LossCheck, type LossReport } from './loss-check.ts';
import { storedAfter, type StoredTrace } from './stored-events.ts';

/** The last position of the log. */
export async function headOf(client: ServerClient): Promise<number> {
  const page = objectFrom(await client.get('/api/log?after=0&limit=1'), 'log');
  return numberFrom(page, 'head');
}

/**
 * Checks what was answered against what is stored, applied and in the ledger. What is only late is waited for, up to
 * `waitMs`; what is lost or doubled is told at once. A server that comes up meanwhile is waited for as well.
 */
export async function checkLoss(
  client: ServerClient,
  journal: JournalContent,
  waitMs: number,
  onProgress: (line: string) => void,
): Promise<LossReport> {
  const end = performance.now() + waitMs;
  const { run, after, accepted, refused } = journal;
  for (;;) {
    try {
      await waitForTail(client, end, onProgress);
      const check = new LossCheck(run, after, accepted, refused);
      let read = 0;
      for await (const events of storedAfter(client, after)) {
        check.add(events);
        read += events.length;
        if (read % 20_000 === 0) onProgress(`Checked ${read} events.`);
      }
      const report = check.report();
      if (report.holds || !isOnlyLate(report) || performance.now() > end) return report;
    } catch (error) {
      const isAway = error instanceof MillraceError && error.code === 'NOT_RUNNING';
      if (!isAway || performance.now() > end) throw error;
    }
    onProgress('Waiting for the read model and the ledger.');
    await pause(500);
  }
}

/** Waits until the log's last event is in the ledger, since that one is done last. */
async function waitForTail(client: ServerClient, end: number, onProgress: (line: string) => void): Promise<void> {
  for (let looks = 1; performance.now() < end; looks += 1) {
    const head = await headOf(client);
    if (head === 0) return;
    let last: StoredTrace | undefined;
    for await (const events of storedAfter(client, head - 1)) last = events.at(-1);
    if (last?.status === 'PROCESSED' || last?.status === 'FAILED') return;
    if (looks % 10 === 0) onProgress(`Waiting for the read model to reach ${head}.`);
    await pause(100);
  }
}

function isOnlyLate(report: LossReport): boolean {
  const wrong =
    report.lost + report.doubled + report.misplaced + report.gaps + report.doubledIds + report.refusedStored;
  return wrong === 0;
}
