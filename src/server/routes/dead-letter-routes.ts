import { Type } from 'typebox';
import { nullable, idParameter, limitParameter } from '../parameters.ts';
import type { RouteModule } from '../route-module.ts';
import { eventSchema, shownAsFarAsKnown } from './event-shape.ts';

const letterFields = {
  id: Type.Integer(),
  projection: Type.String(),
  orderingKey: Type.String(),
  position: Type.Integer(),
  eventId: Type.String(),
  eventName: Type.String(),
  status: Type.Enum(['failed', 'waiting', 'retried', 'discarded', 'rebuilt'], {
    description: '`failed`: this event failed. `waiting`: it came behind a failed one of its key.',
  }),
  error: nullable(Type.String()),
  attempts: Type.Integer(),
  firstFailedAt: Type.String(),
  lastFailedAt: Type.String(),
  nextAttemptAt: nullable(
    Type.String({ description: 'When it is tried again by itself; null for a failed one: it waits for a decision.' }),
  ),
  reason: nullable(Type.String()),
  actor: nullable(Type.String()),
};
const letterSchema = Type.Object(letterFields);

const detailSchema = Type.Object({
  ...letterFields,
  behind: Type.Integer({ description: 'Events of the same key that wait behind it.' }),
  first: nullable(Type.Integer({ description: 'The letter that goes first in this key.' })),
  event: nullable(eventSchema),
});

const outcomeSchema = Type.Object({
  applied: Type.Integer({ description: 'Parked events of the key that were applied.' }),
  left: Type.Integer({ description: 'Parked events of the key that still wait.' }),
});

const manySchema = Type.Object({
  keys: Type.Integer({ description: 'Ordering keys that were tried.' }),
  applied: Type.Integer({ description: 'Parked events that were applied.' }),
  failedAgain: Type.Integer({ description: 'Keys that are still parked, since an event of theirs failed again.' }),
});

/** The path of one dead letter. */
export const letterId = Type.Object({ id: Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER }) });
/** Behind which id a page begins. */
export const afterParameter = Type.Integer({
  minimum: 0,
  maximum: Number.MAX_SAFE_INTEGER,
  default: 0,
  description: 'Only those with a higher id: the `next` of the page before.',
});
export const openParameter = Type.Optional(
  Type.Boolean({ description: 'Only those that wait, or only those that do not. Default: both.' }),
);
const reasonText = Type.String({ minLength: 1, maxLength: 1_000, pattern: String.raw`\S` });
/** The body of an action that wants a reason. */
export const reasonBody = Type.Object({ reason: reasonText });
/** The body of an action that may give one. */
export const optionalReasonBody = Type.Union([Type.Object({ reason: Type.Optional(reasonText) }), Type.Null()]);
export const optionalReason = Type.Optional(reasonText);

/** The properties that have a value: an optional property is given or left out. */
export function given<Fields extends object>(
  fields: Fields,
): { [Name in keyof Fields]?: Exclude<Fields[Name], undefined> } {
  // What is left has the types of what was there.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [Name in keyof Fields]?: Exclude<Fields[Name], undefined>;
  };
}

/** Events that a projection could not apply. `onReplaced` hears when some were applied late. */
export function deadLetterRoutes(onReplaced: () => void): RouteModule {
  return (server, system) => {
    server.get(
      '/api/dead-letters',
      {
        schema: {
          tags: ['dead letters'],
          summary: 'Events that could not be applied',
          description: 'In the order of ids, without what the events hold.',
          querystring: Type.Object({
            projection: Type.Optional(idParameter),
            orderingKey: Type.Optional(idParameter),
            eventName: Type.Optional(idParameter),
            status: Type.Optional(
              Type.Enum(['failed', 'waiting', 'manual', 'retried', 'discarded', 'rebuilt'], {
                description: '`manual`: failed, and not tried again by itself.',
              }),
            ),
            open: openParameter,
            after: afterParameter,
            limit: limitParameter(1_000, 100),
          }),
          response: {
            200: Type.Object({
              count: Type.Integer({ description: 'All events that wait in dead letters.' }),
              deadLetters: Type.Array(letterSchema),
              next: nullable(Type.Integer({ description: 'Ask again with this `after`; null at the end.' })),
            }),
          },
        },
      },
      async (request) => {
        const { limit, open, status, ...rest } = request.query;
        const both = status === undefined ? { open: null } : {};
        const filter = { ...both, ...given({ ...rest, status, open }), limit: limit + 1 };
        const [found, count] = await Promise.all([system.deadLetters.list(filter), system.deadLetters.count()]);
        const deadLetters = found.slice(0, limit);
        return { count, deadLetters, next: found.length > limit ? (deadLetters.at(-1)?.id ?? null) : null };
      },
    );

    server.get(
      '/api/dead-letters/:id',
      {
        schema: {
          tags: ['dead letters'],
          summary: 'One event that could not be applied',
          description: 'With the event as `GET /api/events/{id}` shows it, and what waits behind it.',
          params: letterId,
          response: { 200: detailSchema },
        },
      },
      async (request) => {
        const letter = await system.deadLetters.get(request.params.id);
        const record = await system.log.event(letter.eventId);
        return { ...letter, event: record === undefined ? null : shownAsFarAsKnown(system, record) };
      },
    );

    server.post(
      '/api/dead-letters/:id/retry',
      {
        schema: {
          tags: ['dead letters'],
          summary: 'Apply the parked events of this key again',
          description: 'In order; stops at the first that fails again.',
          params: letterId,
          body: optionalReasonBody,
          response: { 200: outcomeSchema },
        },
      },
      async (request) => {
        const { actor } = request.context;
        const outcome = await system.deadLetters.retry(request.params.id, actor, request.body?.reason?.trim());
        if (outcome.applied > 0) onReplaced();
        return outcome;
      },
    );

    server.post(
      '/api/dead-letters/retry-all',
      {
        schema: {
          tags: ['dead letters'],
          summary: 'Apply the parked events of many keys again',
          description: 'Of all keys that fit: of a projection, one key, those whose first event is of a type, or all.',
          body: Type.Union([
            Type.Object({
              projection: Type.Optional(idParameter),
              orderingKey: Type.Optional(idParameter),
              eventName: Type.Optional(idParameter),
              reason: optionalReason,
            }),
            Type.Null(),
          ]),
          response: { 200: manySchema },
        },
      },
      async (request) => {
        const { reason, ...group } = request.body ?? {};
        const outcome = await system.deadLetters.retryAll(given(group), request.context.actor, reason?.trim());
        if (outcome.applied > 0) onReplaced();
        return outcome;
      },
    );

    server.post(
      '/api/dead-letters/:id/discard',
      {
        schema: {
          tags: ['dead letters'],
          summary: 'Give one event up, for good',
          description: 'The events behind it go on. A rebuild repeats the decision.',
          params: letterId,
          body: reasonBody,
          response: { 200: outcomeSchema },
        },
      },
      async (request) => {
        const { id } = request.params;
        const outcome = await system.deadLetters.discard(id, request.context.actor, request.body.reason.trim());
        if (outcome.applied > 0) onReplaced();
        return outcome;
      },
    );
  };
}
