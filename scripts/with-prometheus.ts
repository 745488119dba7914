import process from 'node:process';
import { installExporters } from '../test/support/exporters-install.ts';
import { findPrometheus, installPrometheus } from '../test/support/prometheus-install.ts';
import { runTool } from './development-tool.ts';

/**
 * Runs the tests that need Prometheus and Alertmanager, on Debian's, each started by the test that needs it in a folder
 * that is thrown away. Run as root, it installs the packages when they are missing. Arguments go on to Vitest.
 *
 *     npm run test:observability
 *
 * Exits with 69 when they are not there and cannot be installed.
 */

/** EX_UNAVAILABLE of sysexits.h: .ci/run lists the suite as not run. */
const unavailable = 69;

if ((findPrometheus() !== undefined || installPrometheus()) && installExporters()) {
  process.exitCode = await runTool('vitest', ['run', '--project', 'observability', ...process.argv.slice(2)]);
} else {
  process.stderr.write(
    'NOT RUN: the tests with Prometheus. Install the Debian packages prometheus, prometheus-alertmanager, ' +
      'prometheus-node-exporter, prometheus-postgres-exporter, rabbitmq-server and postgresql-15, or run this as root.\n',
  );
  process.exitCode = unavailable;
}
