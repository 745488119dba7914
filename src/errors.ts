/**
 * Every error code of the platform, in one catalogue. A code is stable: programs may branch on it, so a code is never
 * renamed or used for something else. What an application refuses (a full queue, say) has codes of the application's
 * own, made with {@link DomainError}.
 */

/** What kind of trouble it is. `server/` maps kinds to HTTP statuses; nothing else knows HTTP. */
export type ErrorKind =
  | 'invalid' // the caller sent something that can never work
  | 'not-found'
  | 'conflict' // it collides with what is stored; the caller may look again and decide
  | 'rejected' // a decision of the domain: understood, and refused
  | 'unavailable' // a part that is needed is slow or away; the same call may succeed later
  | 'fault'; // a defect of ours

interface CatalogueEntry {
  readonly kind: ErrorKind;
  /** What it means, for the reference page. */
  readonly meaning: string;
}

/** The catalogue. `docs/reference/errors.md` is checked against it by a test. */
export const errorCatalogue = {
  SETTING_INVALID: { kind: 'invalid', meaning: 'A setting has a value that cannot be used.' },
  SETTING_UNKNOWN: { kind: 'invalid', meaning: 'A setting with the MILLRACE_ prefix has a name nobody knows.' },
  USAGE: { kind: 'invalid', meaning: 'A command was called with arguments that it does not know.' },
  APP_MISSING: { kind: 'not-found', meaning: 'No application was named, or its file is not there.' },
  APP_INVALID: { kind: 'invalid', meaning: 'The file of the application exports no `application`.' },
  NOT_RUNNING: { kind: 'unavailable', meaning: 'The command needs a running Millrace, and none answers.' },
  ANSWER_UNEXPECTED: { kind: 'fault', meaning: 'The server answered something that the command does not understand.' },
  PORT_TAKEN: { kind: 'unavailable', meaning: 'Another program listens on the port.' },
  DATA_IN_USE: { kind: 'unavailable', meaning: 'Another running copy uses the same data folder.' },
  POSTGRES_START_FAILED: { kind: 'unavailable', meaning: 'The embedded PostgreSQL did not start.' },
  POSTGRES_VERSION_UNSUPPORTED: { kind: 'invalid', meaning: 'The PostgreSQL server is older than 15.' },
  SCHEMA_NEWER: {
    kind: 'invalid',
    meaning: 'The database was prepared by a newer Millrace; this one refuses to touch it.',
  },
  MIGRATION_FORBIDDEN: {
    kind: 'invalid',
    meaning: 'The database user may not prepare the database or give rights; another one has to.',
  },
  SCHEMA_MISSING: { kind: 'unavailable', meaning: 'The database has not been prepared; run `millrace migrate`.' },
  READ_MODELS_OUTDATED: {
    kind: 'unavailable',
    meaning: 'The read models were made by another version of the application; run `millrace migrate`.',
  },
  DEFINITION_INVALID: { kind: 'invalid', meaning: 'An event, decider, projection or system definition is not sound.' },
  EVENT_INVALID: { kind: 'invalid', meaning: 'The data of an event does not fit its definition.' },
  EVENT_UNKNOWN: {
    kind: 'fault',
    meaning: 'The log holds an event type or schema version that the application does not define.',
  },
  EVENT_TOO_LARGE: { kind: 'invalid', meaning: 'An event is larger than 256 KiB.' },
  APPEND_INVALID: {
    kind: 'invalid',
    meaning: 'An append asks for something that can never hold (a condition beyond the head, an empty stream name).',
  },
  QUERY_INVALID: { kind: 'invalid', meaning: 'A query asks for something that can never be found (an empty tag).' },
  VERSION_CONFLICT: { kind: 'conflict', meaning: 'The stream has another version than expected.' },
  CONDITION_FAILED: { kind: 'conflict', meaning: 'An event that the condition excludes came after its position.' },
  KEY_REUSED: { kind: 'invalid', meaning: 'The idempotency key was used before with another request.' },
  KEY_INVALID: {
    kind: 'invalid',
    meaning: 'The idempotency key is empty, too long or has characters outside printable ASCII.',
  },
  QUEUE_FULL: { kind: 'unavailable', meaning: 'Too many commands or queries wait inside the process.' },
  LOG_FULL: {
    kind: 'unavailable',
    meaning: 'The event store has reached the size that was set as its limit; nothing more is written.',
  },
  LOG_QUERY_INVALID: {
    kind: 'invalid',
    meaning: 'A query of the log files cannot be understood; the text says where.',
  },
  LOG_FILES_MISSING: { kind: 'not-found', meaning: 'There are no log files where they were looked for.' },
  STORE_FORBIDDEN: { kind: 'fault', meaning: 'The database user may not do what the process has to do.' },
  STORE_UNAVAILABLE: { kind: 'unavailable', meaning: 'The event store does not answer.' },
  BROKER_UNAVAILABLE: { kind: 'unavailable', meaning: 'The broker does not answer; events wait in the log.' },
  CONSUMER_STUCK: { kind: 'fault', meaning: 'A consumer had work and made no progress; it was started again.' },
  RELAY_STUCK: { kind: 'fault', meaning: 'The relay had work and made no progress; it was started again.' },
  STORE_CORRUPT: { kind: 'fault', meaning: 'The event store broke one of its own rules.' },
  ARCHIVE_FILE_MISSING: {
    kind: 'fault',
    meaning: 'Events are wanted that were archived, and the named archive file is not where it should be.',
  },
  ARCHIVE_FILE_DAMAGED: {
    kind: 'fault',
    meaning: 'An archive file does not hold what was written into it; the message names the file.',
  },
  ARCHIVE_IN_PROGRESS: { kind: 'conflict', meaning: 'Another process archives events, or backs them up, now.' },
  ARCHIVE_FAILED: {
    kind: 'fault',
    meaning: 'A batch could not be archived; its events are in the log as before.',
  },
  LOG_RESTORED: {
    kind: 'fault',
    meaning: 'A checkpoint and the log disagree: the log is older than the checkpoint or another log.',
  },
  BACKUP_FOLDER_IN_USE: { kind: 'invalid', meaning: 'The folder for a backup is not empty.' },
  BACKUP_DAMAGED: {
    kind: 'fault',
    meaning: 'A backup is not whole: its manifest or one of its files is missing or was changed. Nothing was restored.',
  },
  RESTORE_NOT_EMPTY: { kind: 'conflict', meaning: 'A backup is restored into empty databases only; these hold rows.' },
  RESTORE_OTHER_SYSTEM: { kind: 'invalid', meaning: 'The backup is of another system than the application.' },
  RESTORE_DIFFERS: {
    kind: 'fault',
    meaning:
      'A restored table does not hold what the backup says, or this program makes other tables. Nothing was restored.',
  },
  STREAM_UNKNOWN: { kind: 'not-found', meaning: 'There are no events of that stream or id.' },
  PROJECTION_UNKNOWN: { kind: 'not-found', meaning: 'There is no projection of that name.' },
  PROJECTION_BEHIND: { kind: 'unavailable', meaning: 'The read model did not reach the wanted position in time.' },
  REBUILD_IN_PROGRESS: { kind: 'conflict', meaning: 'A rebuild of that projection is already running.' },
  REBUILD_FAILED: { kind: 'fault', meaning: 'The rebuild stopped; the live read model was not touched.' },
  REBUILD_DIFFERS: {
    kind: 'conflict',
    meaning: 'The same code made another read model than the live one; it was not swapped in.',
  },
  REBUILD_NOT_RUNNING: { kind: 'conflict', meaning: 'No rebuild of that projection is in a state for that.' },
  OLD_BUILD_MISSING: { kind: 'not-found', meaning: 'There is no old build of that projection any more.' },
  OLD_BUILD_BEHIND: {
    kind: 'conflict',
    meaning: 'The old build could not be kept up to date, so there is no way back to it.',
  },
  OPERATION_UNKNOWN: { kind: 'not-found', meaning: 'There is no operation with that id, or of that kind.' },
  OPERATION_ABANDONED: { kind: 'conflict', meaning: 'Somebody ended the operation before it was done.' },
  OPERATION_UNFINISHED: {
    kind: 'unavailable',
    meaning: 'The operation goes on for longer than the caller waits; its record tells what comes of it.',
  },
  PROJECTOR_MISSING: {
    kind: 'unavailable',
    meaning: 'No process with the role projector is there to do it; it stays requested.',
  },
  DEAD_LETTER_UNKNOWN: { kind: 'not-found', meaning: 'There is no dead letter with that id.' },
  DEAD_LETTER_NOT_FIRST: {
    kind: 'conflict',
    meaning: 'An earlier event of the same ordering key is parked; it goes first.',
  },
  REASON_REQUIRED: { kind: 'invalid', meaning: 'The action wants a reason.' },
  ROUTE_NOT_FOUND: { kind: 'not-found', meaning: 'There is nothing at that path.' },
  METHOD_NOT_ALLOWED: { kind: 'invalid', meaning: 'The path exists, and does not take that method.' },
  URL_INVALID: { kind: 'invalid', meaning: 'The path is not encoded as a URL must be.' },
  URL_TOO_LONG: { kind: 'invalid', meaning: 'A part of the path is too long.' },
  HEADERS_TOO_LARGE: { kind: 'invalid', meaning: 'The headers of the request are larger than 16 KiB.' },
  REQUEST_MALFORMED: { kind: 'invalid', meaning: 'The request is not sound HTTP.' },
  REQUEST_TIMEOUT: { kind: 'invalid', meaning: 'The request did not arrive in time.' },
  MEDIA_TYPE_UNSUPPORTED: {
    kind: 'invalid',
    meaning: 'The body must be application/json in UTF-8, and not compressed.',
  },
  BODY_TOO_LARGE: { kind: 'invalid', meaning: 'The body is larger than 64 KiB.' },
  BODY_MISSING: { kind: 'invalid', meaning: 'The request needs a body.' },
  JSON_INVALID: {
    kind: 'invalid',
    meaning: 'The body is not JSON in UTF-8, or holds a key such as `__proto__` or a character that cannot be stored.',
  },
  FIELD_UNKNOWN: { kind: 'invalid', meaning: 'The request has a field that nobody knows.' },
  REQUEST_INVALID: { kind: 'invalid', meaning: 'Fields of the request are missing or wrong; `fields` names each.' },
  ORIGIN_REFUSED: {
    kind: 'rejected',
    meaning: 'A page of another host may not open a live connection or change anything.',
  },
  UPGRADE_REQUIRED: { kind: 'invalid', meaning: 'The path is for WebSocket connections.' },
  SUBSCRIBERS_FULL: { kind: 'unavailable', meaning: 'Too many clients listen to live updates.' },
  AUTH_REQUIRED: { kind: 'rejected', meaning: 'The request needs somebody who is signed in.' },
  AUTH_INVALID_CREDENTIALS: {
    kind: 'rejected',
    meaning: 'User name and password do not belong together, or a token or key is of nobody (any more).',
  },
  AUTH_ROLE_FORBIDDEN: { kind: 'rejected', meaning: 'Whoever sends the request has no role that may do this.' },
  AUTH_TOO_MANY_ATTEMPTS: {
    kind: 'rejected',
    meaning: 'Too many attempts to sign in were wrong; `Retry-After` says how long to wait.',
  },
  AUTH_PROVIDER_REFUSED: {
    kind: 'rejected',
    meaning: 'The provider did not sign anybody in, or its answer belongs to no sign-in that is under way.',
  },
  AUTH_PROVIDER_UNAVAILABLE: { kind: 'unavailable', meaning: 'The provider that signs people in does not answer.' },
  CSRF_REFUSED: { kind: 'rejected', meaning: 'A request with the cookie of a sign-in came without its CSRF token.' },
  ACCOUNT_EXISTS: { kind: 'conflict', meaning: 'There is an account of that user name.' },
  ACCOUNT_UNKNOWN: { kind: 'not-found', meaning: 'There is no account with that id or name.' },
  ACCOUNT_LAST: { kind: 'conflict', meaning: 'Nobody would be left who can administrate accounts.' },
  API_KEY_UNKNOWN: { kind: 'not-found', meaning: 'There is no API key with that id.' },
  PASSWORD_WEAK: { kind: 'invalid', meaning: 'The password is too short, too long, or easy to guess.' },
  PASSWORD_WRONG: { kind: 'invalid', meaning: 'The current password, asked before it is changed, is not right.' },
  PASSWORD_ELSEWHERE: {
    kind: 'rejected',
    meaning: 'Whoever asks has no password here: a provider keeps it, or it is of a demonstration or a program.',
  },
  SECRETS_MISSING: {
    kind: 'invalid',
    meaning: 'A server that is no demonstration on this machine needs secrets of its own, and one is not set.',
  },
  EVENT_NOT_FOUND: { kind: 'not-found', meaning: 'There is no event with that id.' },
  INTERNAL_ERROR: { kind: 'fault', meaning: 'Something went wrong on our side.' },
  STOPPING: { kind: 'unavailable', meaning: 'The process is shutting down.' },
} as const satisfies Record<string, CatalogueEntry>;

/** A code of the platform's catalogue. */
export type ErrorCode = keyof typeof errorCatalogue;

/** One field of a bad input, and what is wrong with it. `field` is a JSON pointer without the leading slash. */
export interface FieldProblem {
  readonly field: string;
  readonly problem: string;
}

interface ErrorDetails {
  readonly cause?: unknown;
  /** The fields that are wrong, for kind `invalid`. */
  readonly fields?: readonly FieldProblem[];
}

/**
 * Every failure that Millrace reports on purpose.
 * @example throw new MillraceError('PORT_TAKEN', 'Port 5000 is taken. Set PORT to another one.');
 */
export class MillraceError extends Error {
  readonly code: ErrorCode;
  readonly kind: ErrorKind;
  readonly fields: readonly FieldProblem[];

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'MillraceError';
    this.code = code;
    this.kind = errorCatalogue[code].kind;
    this.fields = details.fields ?? [];
  }

  /** The same call may succeed later without any change by the caller. */
  get retryable(): boolean {
    return this.kind === 'unavailable' || this.kind === 'conflict';
  }
}

/** What a domain error is about: `rejected` (409), `not-found` (404) or `invalid` (422). */
export type DomainErrorKind = 'rejected' | 'not-found' | 'invalid';

/**
 * What a decider throws to refuse a command. The code belongs to the application and is stable.
 * @example throw new DomainError('QUEUE_CAPACITY_REACHED', 'The queue is full.', { fields: [{ field: 'queueId', problem: 'full' }] });
 */
export class DomainError extends Error {
  readonly code: string;
  readonly kind: DomainErrorKind;
  readonly fields: readonly FieldProblem[];

  constructor(
    code: string,
    message: string,
    details: { kind?: DomainErrorKind; fields?: readonly FieldProblem[] } = {},
  ) {
    super(message);
    this.name = 'DomainError';
    this.code = code;
    this.kind = details.kind ?? 'rejected';
    this.fields = details.fields ?? [];
  }
}
