import { spawnSync } from 'node:child_process';
import process from 'node:process';
import { findChromium } from '../test/support/chromium.ts';
import { runTool } from './development-tool.ts';

/**
 * Runs the browser tests. Uses the Chromium of `CHROMIUM` or of the system; on Debian as root, one that is missing is
 * installed. Arguments go on to Vitest. Run: `npm run test:browser`
 */

/** Five minutes for the packages, and no questions. */
const installWithinMs = 300_000;

function installChromium(): void {
  process.stderr.write('There is no Chromium: installing the one of the distribution.\n');
  for (const args of [['update'], ['install', '-y', '--no-install-recommends', 'chromium', 'fonts-dejavu-core']]) {
    spawnSync('apt-get', ['-qq', ...args], {
      stdio: ['ignore', 'ignore', 'inherit'],
      timeout: installWithinMs,
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    });
  }
}

if (findChromium() === undefined && process.getuid?.() === 0) installChromium();

if (findChromium() === undefined) {
  process.stderr.write(
    'NOT RUN: the browser tests. There is no Chromium. Install the package `chromium`, or name one in CHROMIUM.\n',
  );
  process.exitCode = 69; // EX_UNAVAILABLE of sysexits.h: .ci/run lists it as not run
} else {
  process.exitCode = await runTool('vitest', ['run', '--project', 'browser', ...process.argv.slice(2)]);
}
