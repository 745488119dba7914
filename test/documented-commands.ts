/**
 * The commands that README.md, CONTRIBUTING.md and docs/guides show in blocks of shell code. Each is run by a test
 * against a fresh start (test/e2e/documented-commands.test.ts), or stands here with where it is run or what it needs.
 * A command that is in no document any more, or in none of both, fails test/unit/repository/documents.test.ts.
 */
export const runElsewhere: { readonly [command: string]: string } = {
  'npm ci': '.ci/run',
  'npm start': 'test/e2e/command-line.test.ts',
  'npm test': '.ci/run',
  'npm run lint': '.ci/run',
  'npm run format': 'npm run format:check, which says what it would write, in .ci/run',
  'npx vitest run --project unit src/commands': '.ci/run runs the whole project',
  'npx vitest run --project embedded -t "part of the test\'s name"': '.ci/run runs the whole project',
  'npm ci && npm pack --pack-destination ../first-system': 'test/package/packed-package.ts',
  'npx millrace migrate --grants shop': 'test/e2e/three-processes.test.ts',
  'npx millrace migrate --grants clinic': 'test/rabbitmq/three-processes-guide.test.ts, with the whole section',
  'npm install ./millrace-0.1.0.tgz': 'test/package/packed-package.ts',
  'npm install --save-dev typescript @types/node': 'needs the registry; the test uses those of the repository',
  'psql "$EVENT_STORE_URL" -f infrastructure/grafana/read-only-user.sql': 'test/observability/dashboards.test.ts',
  'psql "$READ_MODELS_URL" -f infrastructure/grafana/read-only-user.sql': 'test/observability/dashboards.test.ts',
  'npx millrace rebuild waiting-room --confirm': 'test/consumers/rebuild-comparison.test.ts',
  'npx millrace rebuild waiting-room --abandon': 'test/consumers/rebuild-control.test.ts',
  'npx millrace rebuild waiting-room --pause --reason "rush hour"': 'test/consumers/rebuild-control.test.ts',
  'npx millrace rebuild waiting-room --resume': 'test/consumers/rebuild-control.test.ts',
  'npx millrace backup backups/2026-01-31': 'test/e2e/backup.test.ts',
  'npx millrace restore backups/2026-01-31': 'test/e2e/backup.test.ts',
  'npx millrace start --app app.ts': 'the test compiles app.ts: test/package/foreign-project.test.ts',
  'node start.ts': 'test/package/foreign-project.test.ts',
  'node --test': 'test/package/foreign-project.test.ts',
};

/** Commands that need a part which is not there after `npm start`. */
export const needsMore: { readonly [start: string]: string } = {
  'curl -u "$RABBITMQ_USER"': 'RabbitMQ',
  'docker-compose': 'Docker Compose',
  'psql "$EVENT_STORE_URL" -c "create role clinic_':
    "a server of one's own with the roles of `millrace migrate --grants`",
  'npm run test:chaos': 'RabbitMQ, and minutes: .ci/run plays one of each kind',
  'npm run demo:failures': 'RabbitMQ, and a minute',
};
