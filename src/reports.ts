import { DatabaseError } from 'pg';

/** Where to write what happens. Console and pino both fit. */
export interface Logger {
  info(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}

/** Makes the function to which one part of a process reports its failures. */
export type ReportsOf = (part: string) => (error: unknown) => void;

export const silent: Logger = { info: () => undefined, warn: () => undefined, error: () => undefined };

/** Failures of parts that try again go to the log as warnings, the same one once in ten seconds. */
export function reportsTo(logger: Logger): ReportsOf {
  return (part) => {
    const quiet = new Quiet((message) => logger.warn(`${part}: ${message}`));
    return (error) => quiet.say(describe(error));
  };
}

/** An error in a line, with its cause. Of a database error about values, which it may quote, the code alone. */
export function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause instanceof Error ? ` (${textOf(error.cause)})` : '';
  return `${textOf(error)}${cause}`;
}

/** Classes 22 (data exceptions) and 23 (constraints): both are about what was to be written. */
function textOf(error: Error): string {
  const isAboutValues = error instanceof DatabaseError && /^2[23]/.test(error.code ?? '');
  return isAboutValues ? `database error ${error.code ?? ''}` : error.message;
}

/** Says the same thing once in ten seconds: a part that fails and tries again must not fill the log. */
class Quiet {
  readonly #write: (message: string) => void;
  #last = '';
  #until = 0;

  constructor(write: (message: string) => void) {
    this.#write = write;
  }

  say(message: string): void {
    const now = performance.now();
    if (message === this.#last && now < this.#until) return;
    this.#last = message;
    this.#until = now + 10_000;
    this.#write(message);
  }
}
