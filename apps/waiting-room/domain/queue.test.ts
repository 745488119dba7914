import { given } from '#millrace/testing';
import { describe, test } from 'vitest';
import { momentOf, QueueClosed, QueueConfigured, QueueOpened, QueuePaused } from './events.ts';
import { now } from './john-doe.ts';
import { queueDecider } from './queue.ts';
import { queueStateDecider } from './queue-state.ts';
import { noStages } from './stages.ts';

const queueId = 'queue-1';
const changedAt = momentOf(now);
const paused = QueuePaused({ queueId, reason: 'Lunch.', changedAt });
const closed = QueueClosed({ queueId, reason: null, changedAt });

describe('a queue', () => {
  test('is open until something else is said', () => {
    given(queueStateDecider, []).when({ queueId, to: 'OPEN' }).thenEvents();
    given(queueStateDecider, []).when({ queueId, to: 'PAUSED', reason: 'Lunch.' }).thenEvents(paused);
    given(queueStateDecider, [paused]).when({ queueId, to: 'CLOSED' }).thenEvents(closed);
    given(queueStateDecider, [paused, closed])
      .when({ queueId, to: 'OPEN' })
      .thenEvents(QueueOpened({ queueId, changedAt }));
  });

  test('that is paused already stores nothing', () => {
    given(queueStateDecider, [paused]).when({ queueId, to: 'PAUSED', reason: 'Still.' }).thenEvents();
  });

  test('keeps its name and its limit while it rests', () => {
    const configured = QueueConfigured({
      queueId,
      queueName: 'Cardiology',
      maxCapacity: 4,
      stages: noStages,
      configuredAt: changedAt,
    });
    given(queueDecider, [configured, paused])
      .when({ queueId, maxCapacity: null })
      .thenEvents(
        QueueConfigured({
          queueId,
          queueName: 'Cardiology',
          maxCapacity: null,
          stages: noStages,
          configuredAt: changedAt,
        }),
      );
  });
});
