/** Test support for applications. Framework-free: what fails throws an Error whose message shows the difference. */
export { given, type GivenDecider, type Decision } from './given-decider.ts';
export { givenEvents, inStream, type FoldedProjection } from './given-events.ts';
export { MemoryLog } from './memory-log.ts';
export { memorySystem, type MemorySystem } from './memory-system.ts';
