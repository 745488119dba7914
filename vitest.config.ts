import { defineConfig } from 'vitest/config';

/**
 * unit      pure code, no process, no socket
 * embedded  real embedded PostgreSQL, nothing else to install
 * browser   the live pages in Chromium; run by scripts/with-browser.ts
 * The suites that need more than Node and npm have their own config blocks and npm commands.
 */
export default defineConfig({
  test: {
    projects: [
      { test: { name: 'unit', include: ['src/**/*.test.ts', 'apps/**/*.test.ts', 'test/unit/**/*.test.ts'] } },
      {
        test: {
          name: 'embedded',
          include: ['test/{store,conformance,consumers,simulation,http,e2e,embedded,package}/**/*.test.ts'],
          globalSetup: ['test/support/global-postgres.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'browser',
          include: ['test/browser/**/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
