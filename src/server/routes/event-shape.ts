import { Type } from 'typebox';
import type { RecordedEvent, StoredEvent } from '../../events/envelope.ts';
import type { RunningSystem } from '../../running-system.ts';
import { nullable } from '../parameters.ts';

/** An event as the API shows it. */
export const eventSchema = Type.Object({
  eventId: Type.String(),
  position: Type.Integer({ description: 'Place in the log.' }),
  version: Type.Integer({ description: 'Place in the stream.' }),
  type: Type.String(),
  schemaVersion: Type.Integer(),
  aggregateId: Type.String({ description: 'The stream.' }),
  occurredAt: Type.String({ description: 'ISO 8601, UTC.' }),
  data: Type.Unknown(),
  metadata: Type.Object({
    correlationId: Type.String(),
    causationId: nullable(Type.String()),
    actor: Type.String(),
  }),
  tags: Type.Array(Type.String()),
});

export function shownEvent(event: StoredEvent) {
  const { correlationId, causationId, actor } = event.metadata;
  return {
    eventId: event.id,
    position: event.position,
    version: event.version,
    type: event.type,
    schemaVersion: event.schemaVersion,
    aggregateId: event.stream,
    occurredAt: new Date(event.occurredAt).toISOString(),
    data: event.data,
    metadata: { correlationId, causationId: causationId ?? null, actor },
    tags: [...event.tags],
  };
}

/** An event that a handler may not have been able to read: then its data are not shown, and nothing is guessed. */
export function shownAsFarAsKnown(system: RunningSystem, record: RecordedEvent) {
  try {
    return shownEvent(system.registry.decode(record));
  } catch {
    return shownEvent({ ...record, log: system.log.name, data: {}, metadata: { correlationId: '', actor: '' } });
  }
}
