import { Type } from 'typebox';
import type { Archive, ArchiveStatus } from '../../archive/archive.ts';
import { MillraceError } from '../../errors.ts';
import type { RunningSystem } from '../../running-system.ts';
import { nullable } from '../parameters.ts';
import type { RouteModule } from '../route-module.ts';

const statusSchema = Type.Object({
  folder: nullable(Type.String({ description: 'Where the server looks for archive files; null when none is set.' })),
  lastPosition: Type.Integer(),
  archived: Type.Integer({ description: 'Events in files.' }),
  inLog: Type.Integer({ description: 'Events in the log; with the archived ones they come to `lastPosition`.' }),
  files: Type.Integer(),
  bytes: Type.Integer({ description: 'Of all files together.' }),
  scannedTo: Type.Integer({ description: 'Streams that ended were looked for up to this position.' }),
  waiting: Type.Array(
    Type.Object({
      reason: Type.String({
        description: '`refused`: by the broker. `parked`: in dead letters. `ledger`: the lag ledger still has rows.',
      }),
      streams: Type.Integer(),
    }),
  ),
  paused: Type.Union([
    Type.Object({ since: Type.String(), by: Type.String(), reason: nullable(Type.String()) }),
    Type.Null(),
  ]),
  run: Type.Union([
    Type.Object({
      startedAt: Type.String(),
      finishedAt: nullable(Type.String({ description: 'Null while it runs, or when it was cut off.' })),
      events: Type.Integer(),
      error: nullable(Type.String()),
    }),
    Type.Null(),
  ]),
});

/** The archive of old events: how it stands, and a way to let it rest. */
export const archiveRoutes: RouteModule = (server, system) => {
  server.get(
    '/api/archive',
    {
      schema: { tags: ['archive'], summary: 'How the archive of old events stands', response: { 200: statusSchema } },
    },
    async () => shown(await archiveOf(system).status()),
  );

  server.post(
    '/api/archive/pause',
    {
      schema: {
        tags: ['archive'],
        summary: 'Let the archive stop before its next batch',
        body: Type.Optional(Type.Object({ reason: Type.Optional(Type.String({ maxLength: 1_000 })) })),
        response: { 200: statusSchema },
      },
    },
    async (request) => {
      await archiveOf(system).pause(request.context.actor, request.body?.reason);
      return shown(await archiveOf(system).status());
    },
  );

  server.post(
    '/api/archive/resume',
    {
      schema: { tags: ['archive'], summary: 'Let the archive go on', response: { 200: statusSchema } },
    },
    async () => {
      await archiveOf(system).resume();
      return shown(await archiveOf(system).status());
    },
  );
};

function archiveOf(system: RunningSystem): Archive {
  if (system.archive === undefined) throw new MillraceError('STORE_UNAVAILABLE', 'There is no archive here.');
  return system.archive;
}

function shown(status: ArchiveStatus) {
  return { ...status, waiting: [...status.waiting] };
}
