import { statfs } from 'node:fs/promises';
import { readSettings } from '../../config.ts';
import { MillraceError } from '../../errors.ts';
import type { DoctorOptions } from '../commands/doctor.ts';
import { ReportedFailure } from '../failure.ts';
import { isObject, listFrom, numberFrom, objectFrom, textOrNull } from '../json-shape.ts';
import { findAndConnect, type ServerClient } from '../server-client.ts';
import type { Terminal } from '../terminal.ts';
import {
  describeFindings,
  judgeDeadLetters,
  judgeDisk,
  judgeLag,
  judgeOutbox,
  judgeProjection,
  judgeReadiness,
  judgeRefused,
  type Finding,
} from './findings.ts';

const answerWithinMs = 10_000;

/** Looks at a running server. Throws ReportedFailure when something FAILs. */
export async function doctor(options: DoctorOptions, terminal: Terminal): Promise<void> {
  const client = await findAndConnect(options, answerWithinMs);
  const findings = await examine(client);
  if (options.json === true) terminal.out(JSON.stringify({ url: client.url, findings }));
  else for (const line of describeFindings(findings)) terminal.out(line);
  if (findings.some(({ status }) => status === 'FAIL')) throw new ReportedFailure('a check failed');
}

async function examine(client: ServerClient): Promise<Finding[]> {
  const service = await lookAtService(client);
  if (service.status === 'FAIL') return [service, ...(await look('disk', () => lookAtDisk(client)))];
  const looks = await Promise.all([
    look('databases', () => lookAtReadiness(client)),
    look('lag', async () => [judgeLag(objectFrom(await client.get('/api/metrics/lag?sample=1000'), 'lag'))]),
    look('last hour', () => lookAtLastHour(client)),
    look('outbox', async () => {
      const pending = objectFrom(await client.get('/api/outbox/pending'), 'outbox');
      return [judgeOutbox(pending), judgeRefused(pending)];
    }),
    look('projections', () => lookAtProjections(client)),
    look('dead letters', async () => [
      judgeDeadLetters(listFrom(await client.get('/api/dead-letters?open=true'), 'deadLetters')),
    ]),
    look('disk', () => lookAtDisk(client)),
  ]);
  return [service, ...looks.flat()];
}

/** A look that fails is a finding, too: the others are still worth having. */
async function look(check: string, work: () => Promise<Finding[]>): Promise<Finding[]> {
  try {
    return await work();
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    return [{ check, status: 'FAIL', detail, advice: 'The server could not answer this; look at its log.' }];
  }
}

async function lookAtService(client: ServerClient): Promise<Finding> {
  try {
    const { status } = await client.ask('/health/live');
    if (status === 200) return { check: 'service', status: 'OK', detail: `answers at ${client.url}` };
    const advice = 'Look at its log, or start it again.';
    return { check: 'service', status: 'FAIL', detail: `${client.url} answers ${status}`, advice };
  } catch (error) {
    if (!(error instanceof MillraceError)) throw error;
    return {
      check: 'service',
      status: 'FAIL',
      detail: `Nothing answers at ${client.url}.`,
      advice: 'Run: millrace start',
    };
  }
}

async function lookAtReadiness(client: ServerClient): Promise<Finding[]> {
  const { status, body } = await client.ask('/health/ready');
  const checks = isObject(body) && Array.isArray(body['checks']) ? listFrom(body, 'checks') : [];
  return judgeReadiness(status, checks);
}

async function lookAtLastHour(client: ServerClient): Promise<Finding[]> {
  const from = new Date(Date.now() - 3_600_000).toISOString();
  const hour = objectFrom(await client.get(`/api/metrics/lag?from=${encodeURIComponent(from)}`), 'lag');
  const finding = judgeLag(hour, 'last hour');
  const count = numberFrom(hour, 'count');
  return [{ ...finding, detail: `${count} ${count === 1 ? 'event' : 'events'}, ${finding.detail}` }];
}

async function lookAtProjections(client: ServerClient): Promise<Finding[]> {
  const projections = listFrom(await client.get('/api/projections/health'), 'projections');
  return Promise.all(
    projections.map(async (status) => judgeProjection(status, await eventAt(client, numberFrom(status, 'position')))),
  );
}

async function eventAt(client: ServerClient, position: number): Promise<string | null> {
  if (position === 0) return null;
  const [event] = listFrom(await client.get(`/api/log?after=${position - 1}&limit=1`), 'events');
  return event && numberFrom(event, 'position') === position ? textOrNull(event, 'eventId') : null;
}

/** Only where the data is on this machine. */
async function lookAtDisk(client: ServerClient): Promise<Finding[]> {
  const { hostname } = new URL(client.url);
  if (!['127.0.0.1', 'localhost', '[::1]'].includes(hostname)) return [];
  const { dataFolder, eventStoreUrl } = readSettings(process.env);
  if (eventStoreUrl !== undefined) return [];
  // Millrace may have moved the data elsewhere; then the folder holds a pointer.
  const { locateHome } = await import('../../embedded/placement.ts');
  const folder = await locateHome(dataFolder);
  const disk = await statfs(folder).catch(() => undefined);
  return disk ? [judgeDisk(folder, disk.bavail * disk.bsize, disk.blocks * disk.bsize)] : [];
}
