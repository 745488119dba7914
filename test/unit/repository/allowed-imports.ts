/**
 * Who may import what. CONTRIBUTING.md shows the same tables, and imports.test.ts keeps to them.
 * The rooms stand in such an order that each imports from those above it only: that is why there are no cycles.
 */

/** A room of `src/`. */
interface Room {
  readonly holds: string;
  /** Rooms; `store` is the port alone, `store/postgres` its adapter. */
  readonly mayImport: readonly string[];
}

export const rooms: { readonly [room: string]: Room } = {
  config: { holds: 'the table of settings, their parsers, the names that others use for them', mayImport: [] },
  events: { holds: 'envelope, definitions, schema versions, upcasters, codec', mayImport: [] },
  postgres: { holds: 'what all of the PostgreSQL side uses: leases, wake-ups, arrays, names', mayImport: ['events'] },
  store: { holds: 'the log behind one port (`store.ts`)', mayImport: ['events'] },
  'store/postgres': { holds: 'the adapter; SQL beside its caller', mayImport: ['events', 'postgres', 'store'] },
  commands: { holds: 'load, decide, append, retry, command keys', mayImport: ['events', 'store'] },
  brokers: { holds: 'the port (`broker.ts`) and its adapters', mayImport: ['events', 'store'] },
  relay: {
    holds: 'cursor, lease, publish, retry schedule',
    mayImport: ['events', 'postgres', 'store', 'brokers'],
  },
  operations: {
    holds: 'what operators ask for: requested anywhere, executed by a projector',
    mayImport: ['events', 'postgres'],
  },
  projections: { holds: 'read models and their builds', mayImport: ['events', 'postgres', 'store', 'operations'] },
  consumers: {
    holds: 'subscribe, checkpoint, dedupe, catch up, dead letters',
    mayImport: ['events', 'postgres', 'store', 'brokers', 'operations', 'projections'],
  },
  rebuild: {
    holds: 'building a read model anew beside the live one, comparing, swapping, going back',
    mayImport: ['events', 'postgres', 'store', 'operations', 'projections', 'consumers'],
  },
  timers: {
    holds: 'timers that events set and cancel, and the commands they stand for',
    mayImport: ['events', 'postgres', 'store', 'commands', 'projections'],
  },
  processes: {
    holds: 'process managers',
    mayImport: ['events', 'postgres', 'store', 'commands', 'consumers', 'timers'],
  },
  lag: { holds: 'the ledger and its statistics', mayImport: ['events', 'postgres', 'store'] },
  archive: {
    holds: 'old events in files: taken out of the log, found again, verified',
    mayImport: ['events', 'postgres', 'store'],
  },
  access: {
    holds: 'accounts, sign-ins, API keys, and who may use what; no HTTP',
    mayImport: ['events', 'postgres'],
  },
  backup: {
    holds: 'copying both databases into a folder and back, with hashes',
    mayImport: ['events', 'postgres', 'projections'],
  },
  telemetry: {
    holds: 'names of metrics, logs and spans in one table; health',
    mayImport: ['events', 'store', 'brokers', 'relay', 'timers'],
  },
  embedded: { holds: 'a PostgreSQL that comes with npm', mayImport: [] },
  testing: {
    holds: 'what applications use in their tests',
    mayImport: ['events', 'store', 'commands', 'projections'],
  },
  server: {
    holds: 'HTTP, WebSocket and SSE, gRPC, problem details',
    mayImport: ['events', 'store', 'commands', 'projections', 'archive', 'access', 'telemetry'],
  },
  cli: {
    holds: 'the command line; puts the parts together',
    mayImport: ['archive', 'access', 'backup', 'telemetry', 'embedded', 'server'],
  },
};

/** Files at the top of `src/` that every room may import. */
export const openToAll = ['config.ts', 'doorbell.ts', 'errors.ts', 'recurring.ts', 'retry-schedule.ts', 'within.ts'];
/** The shape of a system, and of what looks at it. Every room may import it as types; only what puts parts together may import its code. */
export const openAsTypes = ['process-activity.ts', 'running-system.ts', 'system.ts', 'tracing.ts'];
/** The other files at the top put the parts together: they may import every room, and only these may import them. */
export const mayImportTop = ['cli'];

/** What does not keep to the table yet, and why. */
export const exceptions: readonly { readonly from: string; readonly to: string; readonly why: string }[] = [];

/** Packages, and the rooms that may import them. Node's own modules are open to all but `events` and `commands`. */
export const packages: { readonly [name: string]: readonly string[] } = {
  pg: [
    'postgres',
    'store/postgres',
    'relay',
    'operations',
    'consumers',
    'projections',
    'rebuild',
    'timers',
    'processes',
    'lag',
    'archive',
    'access',
    'backup',
    'embedded',
    'the top',
  ],
  'pg-copy-streams': ['backup'],
  amqplib: ['brokers'],
  fastify: ['server'],
  '@fastify/cookie': ['server'],
  '@fastify/static': ['server'],
  '@fastify/swagger': ['server'],
  '@fastify/swagger-ui': ['server'],
  '@fastify/type-provider-typebox': ['server'],
  '@fastify/websocket': ['server'],
  ws: ['server'],
  'openid-client': ['server'],
  jose: ['server'],
  'prom-client': ['telemetry', 'server'],
  '@opentelemetry/api': ['telemetry'],
  '@opentelemetry/exporter-trace-otlp-proto': ['telemetry'],
  '@opentelemetry/resources': ['telemetry'],
  '@opentelemetry/sdk-trace': ['telemetry'],
  '@grpc/grpc-js': ['server'],
  '@grpc/proto-loader': ['server'],
  '@grpc/reflection': ['server'],
  pino: ['cli'],
  commander: ['cli'],
  typebox: ['events', 'server', 'backup', 'the top'],
  'lru-cache': ['commands', 'projections', 'access'],
  'safe-stable-stringify': ['commands', 'testing'],
};

/** Node's modules that neither reach outside nor differ from run to run. */
export const pureNodeModules = ['node:crypto', 'node:util', 'node:buffer', 'node:assert'];

/** What a folder of an application may import: the platform's entry points, and folders of the same application. */
export const applicationFolders: { readonly [folder: string]: readonly string[] } = {
  domain: ['#millrace', 'domain'],
  projections: ['#millrace', 'domain', 'projections'],
  histories: ['#millrace', 'domain', 'histories'],
  api: ['#millrace', '#millrace/server', 'domain', 'projections', 'api', 'node:', 'typebox'],
  web: ['web', 'access.ts', 'preact', 'uqr', 'uplot', 'vite'],
};

function named(room: string): string {
  return room === 'store' ? "the store's port" : `\`${room}/\``;
}

/** The table of rooms as CONTRIBUTING.md shows it. */
export function roomsTable(): string {
  const rows = Object.entries(rooms).map(([room, { holds, mayImport }]) => {
    const may = mayImport.length === 0 ? 'nothing' : mayImport.map(named).join(', ');
    return `| \`${room}/\` | ${holds} | ${may} |`;
  });
  return ['| folder | holds | may import from the others |', '|---|---|---|', ...rows].join('\n');
}
