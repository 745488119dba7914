import { MillraceError } from './errors.ts';
import type { EventLog } from './store/store.ts';

/** How far something has come in a log, and which event it met there. */
export interface Checkpoint {
  readonly position: number;
  readonly eventId: string | undefined;
}

/** I10: the event at the checkpoint must still be the one that was applied last. Throws LOG_RESTORED. */
export async function assertSameLog(projection: string, checkpoint: Checkpoint, log: EventLog): Promise<void> {
  if (await isInLog(checkpoint, log)) return;
  throw new MillraceError(
    'LOG_RESTORED',
    `Projection ${projection} is at position ${checkpoint.position}, and the log has no or another event there. Rebuild it.`,
  );
}

/** True when the log holds the checkpoint's event at its position. */
export async function isInLog(checkpoint: Checkpoint, log: EventLog): Promise<boolean> {
  if (checkpoint.position === 0) return true;
  const [event] = await log.read({ after: checkpoint.position - 1, upTo: checkpoint.position, limit: 1 });
  return event !== undefined && event.id === checkpoint.eventId;
}
