import process from 'node:process';
import { defineConfig } from 'vitest/config';

/**
 * unit      pure code; starts no server
 * embedded  real embedded PostgreSQL, nothing else to install
 * browser   the screens in a real Chromium
 * rabbitmq  a real RabbitMQ beside the embedded PostgreSQL
 * observability  a real Prometheus and what belongs to it beside the embedded PostgreSQL
 * All but unit and embedded need more than Node and npm and have npm commands of their own.
 */

const given = Number(process.env['MILLRACE_TEST_SEED']);
const seed = Number.isInteger(given) && given > 0 ? given : 1 + Math.floor(Math.random() * 2_000_000_000);
process.stderr.write(`Property tests use seed ${seed}; MILLRACE_TEST_SEED=${seed} repeats them.\n`);

const everywhere = { setupFiles: ['test/support/each-file.ts'], provide: { seed } };
const withProcesses = { testTimeout: 60_000, hookTimeout: 60_000 };

export default defineConfig({
  test: {
    // Most of the time the tests with a database wait for it.
    maxWorkers: 2,
    reporters: process.env['CI'] === undefined ? ['default'] : ['dot'],
    projects: [
      {
        test: {
          ...everywhere,
          name: 'unit',
          include: ['src/**/*.test.ts', 'apps/**/*.test.ts', 'test/unit/**/*.test.ts'],
        },
      },
      {
        test: {
          ...everywhere,
          ...withProcesses,
          name: 'embedded',
          include: ['test/{chaos,store,conformance,consumers,simulation,http,e2e,embedded,package}/**/*.test.ts'],
          globalSetup: ['test/support/global-postgres.ts'],
        },
      },
      {
        test: {
          ...everywhere,
          // Each file starts a whole application and a browser, two files at a time.
          testTimeout: 120_000,
          hookTimeout: 240_000,
          name: 'browser',
          include: ['test/browser/**/*.test.ts'],
          globalSetup: ['test/support/global-web.ts', 'test/support/global-postgres.ts'],
        },
      },
      {
        test: {
          ...everywhere,
          ...withProcesses,
          name: 'rabbitmq',
          include: ['test/rabbitmq/**/*.test.ts'],
          globalSetup: ['test/support/global-postgres.ts', 'test/support/global-rabbitmq.ts'],
        },
      },
      {
        test: {
          ...everywhere,
          // A file waits for scrapes, evaluations and notifications, each some seconds.
          testTimeout: 120_000,
          hookTimeout: 120_000,
          name: 'observability',
          include: ['test/observability/**/*.test.ts'],
          globalSetup: ['test/support/global-postgres.ts'],
        },
      },
    ],
  },
});
