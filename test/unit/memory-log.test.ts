import { MemoryLog } from '../../src/testing/memory-log.ts';
import { eventLogConformance } from '../conformance/event-log.conformance.ts';

eventLogConformance('The log in memory', async () => {
  const log = new MemoryLog();
  return { log, drop: () => log.close() };
});
