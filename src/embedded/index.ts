/** A real PostgreSQL that comes with npm, for development, tests and the first start. */
export {
  startEmbeddedPostgres,
  type EmbeddedPostgres,
  type EmbeddedPostgresOptions,
} from './start-embedded-postgres.ts';
export type { CrashInfo } from './supervision.ts';
