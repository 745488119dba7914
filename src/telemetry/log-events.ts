/** How bad it is, in the words of Serilog and Seq. From the least to the most. */
export const logLevels = ['Verbose', 'Debug', 'Information', 'Warning', 'Error', 'Fatal'] as const;
export type LogLevelName = (typeof logLevels)[number];

/** The kind of process that a line comes from, by the part that wrote it: one process may be all of them. */
export type ServiceType = 'Api' | 'OutboxWorker' | 'ProjectionWorker';

/** Each part of a process, with the kind of process that it makes; without one it is in all of them. */
export const logComponents = {
  Api: 'Api',
  Commands: 'Api',
  EventStore: undefined,
  ReadModels: undefined,
  OutboxWorker: 'OutboxWorker',
  Ledger: 'OutboxWorker',
  Broker: undefined,
  ProjectionWorker: 'ProjectionWorker',
  Operations: 'ProjectionWorker',
  Timers: 'Api',
  Process: undefined,
  Log: undefined,
} as const satisfies { readonly [component: string]: ServiceType | undefined };
export type LogComponent = keyof typeof logComponents;

type PropertyKind = 'text' | 'number';

/**
 * Every property that a line may have, and nothing else may stand in one. Of its texts none is taken from what a person
 * typed: they are names of code, ids, routes and codes. The one exception is the correlation id, which a caller may choose.
 */
export const logProperties = {
  Level: { kind: 'text', meaning: `How bad it is: ${logLevels.join(', ')}.` },
  Component: { kind: 'text', meaning: 'The part that wrote the line.' },
  ServiceType: { kind: 'text', meaning: 'The kind of process that the part makes: one process may be all of them.' },
  Application: { kind: 'text', meaning: 'The name of the system.' },
  ProcessId: { kind: 'number', meaning: 'Of the process that wrote the line.' },
  CorrelationId: { kind: 'text', meaning: 'Ties together everything that one request caused.' },
  EventType: { kind: 'text', meaning: 'Type of the event; `ProjectionError` when a projection could not take one.' },
  EventName: { kind: 'text', meaning: 'Type of the event that a projection could not take.' },
  EventId: { kind: 'text', meaning: 'Id of the event.' },
  AggregateId: { kind: 'text', meaning: 'Stream of the event.' },
  Position: { kind: 'number', meaning: 'Place of the event in the log.' },
  Projection: { kind: 'text', meaning: 'Id of the projection.' },
  OutboxDurationMs: { kind: 'number', meaning: 'From created to handed to the broker.' },
  DispatchDurationMs: { kind: 'number', meaning: 'From handed to the broker to confirmed by it.' },
  TransitDurationMs: { kind: 'number', meaning: 'From handed to the broker to received by the projector.' },
  ProjectionDurationMs: { kind: 'number', meaning: 'From received to read model committed.' },
  ProcessingDurationMs: { kind: 'number', meaning: 'From created to read model committed.' },
  CommandName: { kind: 'text', meaning: 'Name of the decider that the command went to.' },
  EventCount: { kind: 'number', meaning: 'Events that the command came to.' },
  RequestMethod: { kind: 'text', meaning: 'Method of the request.' },
  RequestPath: { kind: 'text', meaning: 'Route of the request: parameters by name, never their values.' },
  StatusCode: { kind: 'number', meaning: 'Of the answer.' },
  ElapsedMs: { kind: 'number', meaning: 'From the arrival of a request or command to its answer.' },
  Code: { kind: 'text', meaning: 'Code of an error: ours, or that of the driver.' },
  ErrorType: { kind: 'text', meaning: 'Name of the class of an error.' },
  Exception: { kind: 'text', meaning: 'Where an error comes from; its text when it is one of ours.' },
  Attempts: { kind: 'number', meaning: 'How often it was tried.' },
  Feed: { kind: 'text', meaning: 'Name of the live updates.' },
  Timers: { kind: 'text', meaning: 'Id of the timers.' },
  Roles: { kind: 'text', meaning: 'Roles of the process.' },
  Part: { kind: 'text', meaning: 'Name of the part that failed.' },
  LineCount: { kind: 'number', meaning: 'Lines of the log that something became of.' },
  TraceId: { kind: 'text', meaning: 'W3C trace of the request.' },
  SpanId: { kind: 'text', meaning: 'Span in that trace.' },
} as const satisfies { readonly [name: string]: { readonly kind: PropertyKind; readonly meaning: string } };
export type LogProperty = keyof typeof logProperties;

interface LogEventEntry {
  readonly level: LogLevelName;
  /** Undefined: whoever writes the line says which. */
  readonly component: LogComponent | undefined;
  /** Names of properties stand in braces. */
  readonly template: string;
  readonly properties: readonly LogProperty[];
  /** About a single request or event: kept apart, so that however many there are, they push nothing else out. */
  readonly way?: true;
}

const trace = ['CorrelationId', 'TraceId', 'SpanId'] as const;
const event = ['EventType', 'EventId', 'AggregateId', 'Position', ...trace] as const;
const error = ['Code', 'ErrorType', 'Exception'] as const;

/** Every line that the platform logs: what queries, rules and the reference page may name. */
export const logEvents = {
  requestDone: {
    level: 'Information',
    component: 'Api',
    template: '{RequestMethod} {RequestPath} answered with {StatusCode} in {ElapsedMs} ms',
    properties: ['RequestMethod', 'RequestPath', 'StatusCode', 'ElapsedMs', ...trace],
    way: true,
  },
  commandDone: {
    level: 'Information',
    component: 'Commands',
    template: 'Command {CommandName} came to {EventCount} events in {ElapsedMs} ms',
    properties: ['CommandName', 'EventCount', 'AggregateId', 'Position', 'ElapsedMs', ...trace],
    way: true,
  },
  commandRefused: {
    level: 'Information',
    component: 'Commands',
    template: 'Command {CommandName} was refused with {Code}',
    properties: ['CommandName', 'Code', 'AggregateId', 'ElapsedMs', ...trace],
    way: true,
  },
  eventAppended: {
    level: 'Information',
    component: 'EventStore',
    template: 'Event {EventType} appended at {Position}',
    properties: event,
    way: true,
  },
  eventPublished: {
    level: 'Information',
    component: 'OutboxWorker',
    template: 'Event {EventType} published. OutboxDuration: {OutboxDurationMs}ms',
    properties: [...event, 'OutboxDurationMs', 'DispatchDurationMs'],
    way: true,
  },
  eventProcessed: {
    level: 'Information',
    component: 'ProjectionWorker',
    template:
      'Event {EventType} processed. OutboxDuration: {OutboxDurationMs}ms, ProjectionDuration: {ProjectionDurationMs}ms',
    properties: [
      ...event,
      'Projection',
      'OutboxDurationMs',
      'TransitDurationMs',
      'ProjectionDurationMs',
      'ProcessingDurationMs',
    ],
    way: true,
  },
  projectionFailed: {
    level: 'Error',
    component: 'ProjectionWorker',
    template: 'Projection {Projection} could not take {EventName} {EventId}',
    properties: [...event, 'EventName', 'Projection', ...error],
  },
  partFailed: {
    level: 'Error',
    component: undefined,
    template: '{Part} failed and goes on trying',
    properties: ['Part', 'EventType', 'Projection', 'Timers', ...error],
  },
  timerRefused: {
    level: 'Information',
    component: 'Timers',
    template: 'The command of a timer of {Timers} was refused with {Code}',
    properties: ['Timers', 'Code'],
  },
  processStarted: {
    level: 'Information',
    component: 'Process',
    template: 'Started with the roles {Roles}',
    properties: ['Roles'],
  },
  processStopped: { level: 'Information', component: 'Process', template: 'Stopped', properties: [] },
  requestFailed: {
    level: 'Error',
    component: 'Api',
    template: 'request failed',
    properties: [...trace, ...error],
  },
  liveUnread: {
    level: 'Warning',
    component: 'Api',
    template: 'live updates could not be read',
    properties: ['Feed', ...error],
  },
  liveStateUnread: {
    level: 'Warning',
    component: 'Api',
    template: 'the state of the read model could not be read',
    properties: error,
  },
  liveConnectionFailed: {
    level: 'Warning',
    component: 'Api',
    template: 'live connection could not begin',
    properties: ['Feed', ...error],
  },
  liveStreamFailed: {
    level: 'Warning',
    component: 'Api',
    template: 'live stream could not begin',
    properties: ['Feed', ...trace, ...error],
  },
  rebuildFailed: { level: 'Error', component: 'Api', template: 'rebuild failed', properties: error },
  pagesMissing: {
    level: 'Warning',
    component: 'Api',
    template: 'the pages were not built; only the API is served',
    properties: [],
  },
  providerRefused: {
    level: 'Warning',
    component: 'Api',
    template: 'a sign-in at the provider came to nothing',
    properties: [],
  },
  proxyUnnamed: {
    level: 'Warning',
    component: 'Api',
    template:
      'requests come through a proxy that TRUSTED_PROXIES does not name: wrong sign-ins of all who use it are counted together',
    properties: [],
  },
  signInsUnknown: {
    level: 'Warning',
    component: 'Api',
    template: 'it could not be asked who is still signed in',
    properties: error,
  },
  signInsKept: {
    level: 'Warning',
    component: 'Api',
    template: 'sign-ins that are over could not be taken away',
    properties: error,
  },
  unlisted: {
    level: 'Warning',
    component: 'Api',
    template: 'A line that the table of log events does not hold; its text is left out',
    properties: ['CorrelationId', ...error],
  },
  linesDropped: {
    level: 'Warning',
    component: 'Log',
    template: '{LineCount} lines were dropped: they came faster than they could be written',
    properties: ['LineCount'],
  },
  filesFailed: {
    level: 'Error',
    component: 'Log',
    template: 'The log file could not be written',
    properties: ['LineCount', ...error],
  },
  linesRemoved: {
    level: 'Warning',
    component: 'Log',
    template: '{LineCount} lines were removed with their file before Seq had them',
    properties: ['LineCount'],
  },
  seqAway: {
    level: 'Warning',
    component: 'Log',
    template: 'Seq does not take the log; it is kept in its files and sent later',
    properties: ['Attempts', 'StatusCode', 'Code'],
  },
  seqBack: { level: 'Information', component: 'Log', template: 'Seq takes the log again', properties: ['Attempts'] },
  linesRefused: {
    level: 'Warning',
    component: 'Log',
    template: 'Seq would not have {LineCount} lines',
    properties: ['LineCount', 'StatusCode'],
  },
} as const satisfies { readonly [name: string]: LogEventEntry };

export type LogEventName = keyof typeof logEvents;
type KindOf<Property extends LogProperty> = (typeof logProperties)[Property]['kind'] extends 'number' ? number : string;

/** The values of a line: those of its entry in the table, each with the type of its property. */
export type LogValues<Name extends LogEventName = LogEventName> = {
  readonly [Property in (typeof logEvents)[Name]['properties'][number]]?: KindOf<Property> | undefined;
};

/** What of a line is decided by whoever writes it. */
export interface LogOverrides {
  readonly level?: LogLevelName;
  readonly component?: LogComponent;
}

/** Writes a line of the table. @example log('rebuildFailed', { Code: 'REBUILD_FAILED' }) */
export type WriteLog = <Name extends LogEventName>(
  name: Name,
  values: LogValues<Name>,
  overrides?: LogOverrides,
) => void;
