import { CommandHandler } from '../commands/command-handler.ts';
import { EventRegistry } from '../events/codec.ts';
import type { StoredEvent } from '../events/envelope.ts';
import type { RunningSystem } from '../running-system.ts';
import type { SystemDefinition } from '../system.ts';
import { MemoryLog } from './memory-log.ts';

/** The part of a running system that takes commands, over a log in memory. */
export interface MemorySystem extends Pick<RunningSystem, 'execute' | 'state' | 'registry'> {
  readonly log: MemoryLog;
  /** All events so far, decoded. */
  events(): Promise<readonly StoredEvent[]>;
  stop(): Promise<void>;
}

/**
 * Executes commands as a running system does (mailboxes, conditions, retries, idempotency keys) without a database. It
 * has no read models. Give two of them one log, and they race like two processes.
 * @example const system = memorySystem(shop); await system.execute(cart, { type: 'check-out' });
 */
export function memorySystem(definition: SystemDefinition, log = new MemoryLog(definition.name)): MemorySystem {
  const registry = new EventRegistry(definition.name, definition.events);
  const handler = new CommandHandler(log, registry);
  return {
    log,
    registry,
    execute: (decider, command, options) => handler.execute(decider, command, options),
    state: (decider, boundary) => handler.state(decider, boundary),
    events: async () => (await log.read({ limit: Number.MAX_SAFE_INTEGER })).map((event) => registry.decode(event)),
    stop: () => handler.close(),
  };
}
