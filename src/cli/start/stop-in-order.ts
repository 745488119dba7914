/** One part that has to be stopped, with its name for the message when it takes too long. */
export interface StoppablePart {
  readonly name: string;
  readonly stop: () => Promise<void>;
}

/** What went wrong while stopping; empty when all went well. */
export type StopProblems = readonly string[];

/**
 * Stops parts one after the other, the first one first. A part that fails or that is slow does not keep the next from
 * its turn: the time is shared so that the last part always has `lastMs` for itself.
 * @param boundMs for all parts together
 */
export async function stopInOrder(
  parts: readonly StoppablePart[],
  boundMs: number,
  lastMs: number,
): Promise<StopProblems> {
  const problems: string[] = [];
  const end = performance.now() + boundMs;
  for (const [index, part] of parts.entries()) {
    const kept = index === parts.length - 1 ? 0 : lastMs;
    const left = Math.max(0, end - kept - performance.now());
    const problem = await stopWithin(part, left);
    if (problem !== undefined) problems.push(problem);
  }
  return problems;
}

async function stopWithin(part: StoppablePart, boundMs: number): Promise<string | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const bound = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve(`${part.name} did not stop within ${Math.round(boundMs)} ms.`), boundMs);
  });
  const stopped = async (): Promise<string | undefined> => {
    try {
      await part.stop();
      return undefined;
    } catch (error) {
      return `${part.name} did not stop in order: ${error instanceof Error ? error.message : String(error)}`;
    }
  };
  try {
    return await Promise.race([stopped(), bound]);
  } finally {
    clearTimeout(timer);
  }
}
