import { errorForLog } from '../../telemetry/error-for-log.ts';
import { Type } from 'typebox';
import { MillraceError } from '../../errors.ts';
import type { RebuildAction, RebuildProgress, RebuildRequest, RunningSystem } from '../../running-system.ts';
import { idParameter, nullable } from '../parameters.ts';
import { ProgressStreams } from '../progress-stream.ts';
import type { RouteModule } from '../route-module.ts';

const count = nullable(Type.Integer());

const differenceSchema = Type.Object({
  table: Type.String(),
  problem: Type.String(),
  liveRows: count,
  newRows: count,
  differingRows: count,
  keys: Type.Array(Type.String(), { description: 'Keys of the first rows that differ.' }),
});

const progressSchema = Type.Object({
  operation: Type.Integer({ description: 'Its entry in `/api/operations`.' }),
  projection: Type.String(),
  state: Type.Enum(['requested', 'running', 'paused', 'waiting', 'done', 'failed', 'abandoned'], {
    description:
      '`requested`: no projector has taken it yet. `waiting`: other code made another read model; the swap wants a ' +
      'confirmation.',
  }),
  position: Type.Integer(),
  target: Type.Integer(),
  eventsPerSecond: Type.Number(),
  secondsLeft: nullable(Type.Number()),
  startedAt: Type.String(),
  error: nullable(Type.String()),
  differences: Type.Array(differenceSchema, {
    description: 'Between the live read model and the new one, at the same position.',
  }),
});

const rebuildsSchema = Type.Object({ rebuilds: Type.Array(progressSchema) });

const buildsSchema = Type.Object({
  rebuild: Type.Union([progressSchema, Type.Null()], { description: 'The newest rebuild.' }),
  generation: Type.Integer({ description: 'Of the build that readers see.' }),
  position: Type.Integer(),
  old: Type.Union([
    Type.Object({
      generation: Type.Integer(),
      position: Type.Integer(),
      problem: nullable(Type.String({ description: 'Why it is not kept up to date.' })),
      dropAfter: nullable(Type.String()),
    }),
    Type.Null(),
  ]),
});

const actions: readonly RebuildAction[] = ['pause', 'resume', 'abandon', 'confirm', 'go-back', 'drop-old'];
const reasonSchema = Type.Optional(Type.String({ maxLength: 1_000 }));
const projectionId = Type.Object({ id: idParameter });

/** A rebuild that cannot start says so within this time; later failures stand in its progress. */
const refusalMs = 250;

/** Building read models anew. `onReplaced` hears of every build that was swapped in on behalf of this server. */
export function rebuildRoutes(onReplaced: () => void): RouteModule {
  return (server, system) => {
    const streams = new ProgressStreams();
    server.addHook('preClose', () => streams.close());

    server.get(
      '/api/projections/rebuild',
      {
        schema: {
          tags: ['projections'],
          summary: 'How far the rebuilds are',
          description: 'The newest one of each projection, whatever process does it.',
          response: { 200: rebuildsSchema },
        },
      },
      async () => ({ rebuilds: await progressOf(system, idsOf(system)) }),
    );

    server.post(
      '/api/projections/rebuild',
      {
        schema: {
          tags: ['projections'],
          summary: 'Build read models anew',
          description:
            'Beside the live one, which is read until the new one is swapped in. Without a body: all of them, one ' +
            'after the other. Answers 202 at once, or 200 at the end with `wait=true`. Where the same code makes ' +
            'another read model than the live one, the rebuild fails with `REBUILD_DIFFERS`, unless ' +
            '`acceptDifferences` is set, which wants a reason.',
          querystring: Type.Object({ wait: Type.Boolean({ default: false }) }),
          body: Type.Union([
            Type.Object({
              projection: Type.Optional(idParameter),
              reason: reasonSchema,
              acceptDifferences: Type.Optional(Type.Boolean()),
            }),
            Type.Null(),
          ]),
          response: { 200: rebuildsSchema, 202: rebuildsSchema },
        },
      },
      async (request, reply) => {
        const { projection: named, reason, acceptDifferences = false } = request.body ?? {};
        const ids = named === undefined ? idsOf(system) : [named];
        const unknown = ids.find((id) => !idsOf(system).includes(id));
        if (unknown !== undefined) {
          throw new MillraceError('PROJECTION_UNKNOWN', `There is no projection ${unknown}.`);
        }
        const work = rebuild(system, ids, { ...asked(request.context.actor, reason), acceptDifferences }, onReplaced);
        if (request.query.wait) {
          await work;
          return reply.code(200).send({ rebuilds: await progressOf(system, ids) });
        }
        // What is refused at once is the caller's matter, and is answered.
        await refusedWithin(work, refusalMs);
        work.catch((error: unknown) => request.log.error({ err: errorForLog(error) }, 'rebuild failed'));
        return reply.code(202).send({ rebuilds: await progressOf(system, ids) });
      },
    );

    server.get(
      '/api/projections/:id/rebuild',
      {
        schema: {
          tags: ['projections'],
          summary: 'How far the rebuild of one read model is, and its builds',
          params: projectionId,
          response: { 200: buildsSchema },
        },
      },
      (request) => buildsOf(system, request.params.id),
    );

    server.get(
      '/api/projections/:id/rebuild/stream',
      {
        config: { live: true },
        schema: {
          tags: ['projections'],
          summary: 'The progress of the newest rebuild as it happens',
          description:
            'Server-sent events, each the progress as a JSON object; ends with the rebuild. 404 when there was none.',
          params: projectionId,
        },
      },
      async (request, reply) => {
        const { id } = request.params;
        const newest = await system.projections.rebuildProgress(id);
        if (newest === undefined) throw new MillraceError('OPERATION_UNKNOWN', `${id} was never rebuilt.`);
        streams.open(request, reply, (send, end) =>
          system.projections.watchRebuild(newest.operation, (progress) => {
            send(progress);
            if (isOver(progress)) end();
          }),
        );
        return reply;
      },
    );

    server.post(
      '/api/projections/:id/rebuild/:action',
      {
        schema: {
          tags: ['projections'],
          summary: 'Pause, resume, abandon or confirm a rebuild; go back to the old build or drop it',
          description:
            '`confirm` swaps although other code made another read model; `go-back` makes the build before the live ' +
            'one live again, at the same position; `drop-old` removes that one. Every action is kept with who and why.',
          params: Type.Object({ id: idParameter, action: Type.Enum(actions) }),
          body: Type.Union([Type.Object({ reason: reasonSchema }), Type.Null()]),
          response: { 200: buildsSchema },
        },
      },
      async (request) => {
        const { id, action } = request.params;
        await system.projections.act(id, action, asked(request.context.actor, request.body?.reason));
        if (action === 'go-back') onReplaced();
        return buildsOf(system, id);
      },
    );
  };
}

function idsOf(system: RunningSystem): string[] {
  return system.definition.projections.map(({ id }) => id);
}

function asked(actor: string, reason: string | undefined): RebuildRequest {
  return reason === undefined ? { actor } : { actor, reason: reason.trim() };
}

async function rebuild(
  system: RunningSystem,
  ids: readonly string[],
  request: RebuildRequest & { readonly acceptDifferences: boolean },
  onReplaced: () => void,
): Promise<void> {
  for (const id of ids) {
    await system.projections.rebuild(id, undefined, request);
    onReplaced();
  }
}

/** Rejects when the work is refused in that time; resolves when it goes on or is done. */
async function refusedWithin(work: Promise<void>, milliseconds: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const underWay = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, milliseconds);
  });
  try {
    await Promise.race([work, underWay]);
  } finally {
    clearTimeout(timer);
  }
}

async function progressOf(system: RunningSystem, ids: readonly string[]) {
  const all = await Promise.all(ids.map((id) => system.projections.rebuildProgress(id)));
  return all.flatMap((progress) => (progress === undefined ? [] : [shown(progress)]));
}

async function buildsOf(system: RunningSystem, id: string) {
  const [builds, progress] = await Promise.all([system.projections.builds(id), system.projections.rebuildProgress(id)]);
  return { rebuild: progress === undefined ? null : shown(progress), ...builds };
}

/** With lists that the serializer may keep. */
function shown(progress: RebuildProgress) {
  return { ...progress, differences: progress.differences.map((one) => ({ ...one, keys: [...one.keys] })) };
}

function isOver({ state }: RebuildProgress): boolean {
  return state === 'done' || state === 'failed' || state === 'abandoned';
}
