/** What of an error goes to the log. */
export interface LoggedError {
  readonly type: string;
  readonly code?: string;
  /** Ours alone. Texts of others may quote what they were given. */
  readonly message?: string;
  /** Where it comes from: the frames, without the text that a stack begins with. */
  readonly stack?: string;
  /** Of a database error, the names of what it is about. */
  readonly about?: string;
  readonly cause?: LoggedError;
}

const mostCauses = 3;
const schemaNames = ['schema', 'table', 'column', 'constraint', 'dataType', 'routine'] as const;

/**
 * An error for the log: what kind it is and where it comes from, and no values. The text of a driver or of a handler may
 * quote the data that it failed on, and those may be about a person; so a text goes along only when it is one of ours.
 * @example log.error({ err: errorForLog(error) }, 'request failed')
 */
export function errorForLog(error: unknown, causes = mostCauses): LoggedError {
  if (!(error instanceof Error)) return { type: typeof error };
  const fields = new Map<string, unknown>(Object.entries(error));
  const code = textOf(fields.get('code'));
  const about = schemaNames.flatMap((name) => textOf(fields.get(name)) ?? []).join(' ');
  const isOurs = error.name === 'MillraceError';
  const stack = framesOf(error);
  return {
    type: textOf(error.name) ?? 'Error',
    ...(code === undefined ? {} : { code }),
    ...(isOurs ? { message: error.message } : {}),
    ...(about === '' ? {} : { about }),
    ...(stack === '' ? {} : { stack }),
    ...(error.cause === undefined || causes === 0 ? {} : { cause: errorForLog(error.cause, causes - 1) }),
  };
}

/** A name, and nothing longer or stranger than one. */
function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && /^[\w.-]{1,80}$/.test(value) ? value : undefined;
}

/** The text before the frames may look like anything, frames included: it is cut off as a whole, or there are none. */
function framesOf({ stack = '', message }: Error): string {
  const at = stack.indexOf(message);
  if (at < 0) return '';
  return stack
    .slice(at + message.length)
    .split('\n')
    .filter((line) => /^ +at /.test(line))
    .join('\n');
}
