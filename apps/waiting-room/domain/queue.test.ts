import { given } from '#millrace/testing';
import { describe, test } from 'vitest';
import { momentOf, QueueClosed, QueueOpened, QueuePaused } from './events.ts';
import { configured, now } from './john-doe.ts';
import { queueDecider } from './queue.ts';
import { queueStateDecider } from './queue-state.ts';

const queueId = 'queue-1';
const changedAt = momentOf(now);
const paused = QueuePaused({ queueId, reason: 'Lunch.', until: null, changedAt });
const closed = QueueClosed({ queueId, reason: null, day: null, changedAt });

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
    const named = configured({ queueName: 'Cardiology', maxCapacity: 4 });
    given(queueDecider, [named, paused])
      .when({ queueId, maxCapacity: null })
      .thenEvents(configured({ queueName: 'Cardiology' }));
  });
});
