import type { RunningSystem } from '#millrace';
import type { Visit } from '../domain/visit.ts';
import { visitDecider } from '../domain/visit-decider.ts';

/** A visit as the log has it now. */
export async function visitNow(system: Pick<RunningSystem, 'state'>, visitId: string): Promise<Visit | undefined> {
  return (await system.state(visitDecider, { stream: visitId })).state;
}
