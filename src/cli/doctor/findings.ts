import { numberFrom, numberOrNull, textFrom, textOrNull, type JsonFields } from '../json-shape.ts';

/** What the doctor found out about one thing. */
export interface Finding {
  readonly check: string;
  readonly status: 'OK' | 'WARN' | 'FAIL';
  readonly detail: string;
  /** What to do; undefined when it is OK. */
  readonly advice?: string;
}

const ok = (check: string, detail: string): Finding => ({ check, status: 'OK', detail });
const warn = (check: string, detail: string, advice: string): Finding => ({ check, status: 'WARN', detail, advice });
const fail = (check: string, detail: string, advice: string): Finding => ({ check, status: 'FAIL', detail, advice });

/**
 * So many events say something about a system. The first ones of a process pay for its warming up, most of all on a machine
 * that has much to do; what does not move at all shows in the outbox and the projections.
 */
const enoughEvents = 20;

/** Below 100 ms is healthy, above a second is critical. `statistics` as `GET /api/metrics/lag` answers. */
export function judgeLag(statistics: JsonFields, check = 'lag'): Finding {
  const average = numberOrNull(statistics, 'avgLagMs');
  if (average === null) return ok(check, 'No event was processed yet.');
  const p95 = numberOrNull(statistics, 'p95LagMs');
  const detail = `avgLagMs ${average.toFixed(1)}${p95 === null ? '' : `, p95 ${p95.toFixed(1)}`}`;
  const advice = 'See "High event processing lag" in docs/troubleshooting.md.';
  if (average < 100) return ok(check, detail);
  const events = numberOrNull(statistics, 'processedCount') ?? enoughEvents;
  if (events < enoughEvents) return ok(check, `${detail}: fewer than ${enoughEvents} events say little`);
  return average <= 1_000 ? warn(check, detail, advice) : fail(check, detail, advice);
}

/** A backlog counts once its oldest event is older than a second: at 7,000 events/s a hundred are 15 ms of work. */
export function judgeOutbox(pending: JsonFields): Finding {
  // What the broker refused waits for its schedule, and does not hold up the rest.
  const parked = numberOrNull(pending, 'parked') ?? 0;
  const count = numberFrom(pending, 'count') - parked;
  const ageMs = numberOrNull(pending, parked > 0 ? 'backlogAgeMs' : 'oldestAgeMs') ?? 0;
  const detail = count === 0 ? 'count 0' : `count ${count}, the oldest is ${(ageMs / 1_000).toFixed(1)} s old`;
  if (count <= 10 || ageMs <= 1_000) {
    const isStuck = ageMs > 30_000;
    return isStuck ? warn('outbox', detail, 'Look at GET /api/outbox/pending for its error.') : ok('outbox', detail);
  }
  const advice = 'See "The relay is stuck" in docs/troubleshooting.md.';
  return count <= 100 ? warn('outbox', detail, advice) : fail('outbox', detail, advice);
}

/**
 * One projection: does it move, and does its checkpoint belong to this log?
 * @param atCheckpoint id of the event that the log has at the checkpoint's position; null when it has none
 */
export function judgeProjection(status: JsonFields, atCheckpoint: string | null): Finding {
  const check = `projection ${textFrom(status, 'projectionId')}`;
  const [position, head] = [numberFrom(status, 'position'), numberFrom(status, 'headPosition')];
  const eventId = textOrNull(status, 'eventId');
  const restored = 'The log was restored or replaced. See "An older backup was restored" in docs/troubleshooting.md.';
  if (position > head) return fail(check, `The checkpoint ${position} lies beyond the log's head ${head}.`, restored);
  if (position > 0 && eventId !== null && eventId !== atCheckpoint) {
    return fail(check, `The log has another event at the checkpoint ${position} than was applied.`, restored);
  }
  const lagMs = numberOrNull(status, 'lagMs') ?? 0;
  const detail = `at ${position} of ${head}${lagMs > 0 ? `, ${(lagMs / 1_000).toFixed(1)} s behind` : ''}`;
  if (status['isHealthy'] === false) {
    const error = textOrNull(status, 'errorMessage');
    return fail(
      check,
      error === null ? detail : `${detail}: ${error}`,
      'See "Messages do not appear" in docs/troubleshooting.md.',
    );
  }
  if (lagMs <= 5_000) return ok(check, detail);
  const advice = 'Wait when it catches up; else see "Messages do not appear" in docs/troubleshooting.md.';
  return lagMs <= 30_000 ? warn(check, detail, advice) : fail(check, detail, advice);
}

/** Dead letters hide from averages: they stand still while all figures stay green. */
export function judgeDeadLetters(open: readonly JsonFields[]): Finding {
  if (open.length === 0) return ok('dead letters', 'none');
  const failed = open.filter((letter) => letter['status'] === 'failed').length;
  const detail = `${failed} failed, ${open.length - failed} waiting behind them`;
  return warn('dead letters', detail, 'Run: millrace dead-letters list');
}

/** What the broker refused does not reach it before it takes it, or somebody decides. `pending` as the outbox answers. */
export function judgeRefused(pending: JsonFields): Finding {
  const parked = numberOrNull(pending, 'parked') ?? 0;
  if (parked === 0) return ok('refused events', 'none');
  return warn(
    'refused events',
    `${parked} refused by the broker or behind one`,
    'Run: millrace dead-letters list --relay',
  );
}

/** @param free and size in bytes */
export function judgeDisk(folder: string, free: number, size: number): Finding {
  const gigabytes = free / 1024 ** 3;
  const share = size > 0 ? free / size : 1;
  const detail = `${gigabytes.toFixed(1)} GiB free (${Math.floor(share * 100)} %) at ${folder}`;
  const advice = 'Make room. See "Database disk space grows" in docs/troubleshooting.md.';
  if (gigabytes < 0.5) return fail('disk', detail, advice);
  return gigabytes < 2 || share < 0.05 ? warn('disk', detail, advice) : ok('disk', detail);
}

/** The checks that `GET /health/ready` lists, the sound ones in one line. */
export function judgeReadiness(status: number, checks: readonly JsonFields[]): Finding[] {
  const broken = checks.filter((check) => check['healthy'] === false);
  const findings = broken.map((check) => {
    const detail = textOrNull(check, 'detail') ?? 'not healthy';
    return fail(`health of ${textFrom(check, 'name')}`, detail, 'See docs/troubleshooting.md.');
  });
  const names = checks.filter((check) => !broken.includes(check)).map((check) => textFrom(check, 'name'));
  const detail = `GET /health/ready answers ${status}${names.length > 0 ? `; sound: ${names.join(', ')}` : ''}`;
  const ready =
    status === 200 ? ok('databases', detail) : fail('databases', detail, 'Commands are refused until this is mended.');
  return [ready, ...findings];
}

/** `OK    lag  avgLagMs 3.1`, with what to do in the next line. */
export function describeFindings(findings: readonly Finding[]): string[] {
  const width = Math.max(...findings.map(({ check }) => check.length));
  return findings.flatMap(({ check, status, detail, advice }) => {
    const line = `${status.padEnd(4)}  ${check.padEnd(width)}  ${detail}`;
    return advice === undefined ? [line] : [line, `${' '.repeat(width + 8)}${advice}`];
  });
}
