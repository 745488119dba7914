import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { EmbeddedBroker } from '../../src/brokers/embedded.ts';
import { checkHealth } from '../../src/telemetry/health.ts';
import { MemoryLog } from '../../src/testing/memory-log.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

class SilentBroker extends EmbeddedBroker {
  override check(): Promise<void> {
    return new Promise(() => undefined);
  }
}

class SilentLog extends MemoryLog {
  override head(): Promise<never> {
    return new Promise(() => undefined);
  }
}

const nothing = () => Promise.resolve([]);
const healthy = () => ({
  log: new MemoryLog(),
  projections: { list: nothing } as unknown as Parameters<typeof checkHealth>[0]['projections'],
  outbox: { pending: () => Promise.resolve({ count: 0, oldestAgeMs: 0, backlogAgeMs: 0, parked: 0, events: [] }) },
  relay: undefined,
  broker: undefined,
  full: undefined,
  stopping: false,
});

describe('health', () => {
  it('S004, S130: stays ready while the broker does not answer, and says so before anybody stops waiting', async () => {
    const asked = checkHealth({ ...healthy(), broker: new SilentBroker() });
    // Whoever asks waits for two seconds.
    await vi.advanceTimersByTimeAsync(1_900);
    const health = await asked;
    expect(health).toMatchObject({ status: 'degraded', ready: true });
    expect(health.checks).toContainEqual({ name: 'broker', healthy: false, detail: 'does not answer' });
    expect(vi.getTimerCount()).toBe(0);
  });

  it('is not ready while the event store does not answer', async () => {
    const asked = checkHealth({ ...healthy(), log: new SilentLog() });
    await vi.advanceTimersByTimeAsync(1_900);
    expect(await asked).toMatchObject({ status: 'unhealthy', ready: false });
  });
});
