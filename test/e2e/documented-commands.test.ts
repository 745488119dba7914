import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import process from 'node:process';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { repository } from '../../scripts/development-tool.ts';
import { millraceProgram, MillracePlace } from '../support/millrace-process.ts';
import { commandsForFreshStart } from '../unit/repository/documented-commands.ts';

/** Each once, with the documents that show it. Those that make something come first: the others ask for it. */
const commands = [...Map.groupBy(commandsForFreshStart(), ({ command }) => command)]
  .map(([command, shown]) => ({ command, documents: shown.map(({ document }) => document).join(', ') }))
  .sort((a, b) => Number(makes(b.command)) - Number(makes(a.command)));

function makes(command: string): boolean {
  return command.includes('-X POST') || command.includes('check-in.ts');
}

const isThere = (program: string) => spawnSync('which', [program]).status === 0;

/** What README, CONTRIBUTING and guides tell their readers to type, as it stands there but for the port. */
describe('the commands in the documents, against a fresh start', () => {
  let place: MillracePlace;
  let grpc: string;

  beforeAll(async () => {
    place = await MillracePlace.make();
    // Somebody who tries the guides has the default.
    place.env['LOG_LEVEL'] = 'info';
    const started = place.spawn(process.execPath, [millraceProgram, 'start', '--grpc'], repository);
    await place.ready(started);
    // The lines that say where everything is come a moment after the first answer.
    await vi.waitFor(
      () => {
        grpc = /^ +gRPC +(\S+)$/m.exec(started.output())?.[1] ?? '';
        expect(grpc).not.toBe('');
      },
      { timeout: 15_000, interval: 20 },
    );
  });

  afterAll(() => place.remove());

  for (const { documents, command } of commands) {
    test(`${documents}: ${command}`, async ({ skip }) => {
      const missing = ['curl', 'psql', 'jq', 'grpcurl'].find(
        (program) => new RegExp(`\\b${program}\\b`).test(command) && !isThere(program),
      );
      skip(missing !== undefined, `${missing ?? ''} is not installed here`);
      const script = command
        .replaceAll('localhost:5000', `127.0.0.1:${place.port}`)
        .replaceAll('127.0.0.1:5001', grpc)
        .replaceAll(/\bcurl /g, 'curl -sSf ');
      const binaries = path.join(repository, 'node_modules/.bin');
      const child = place.spawn(
        'env',
        [`PATH=${binaries}:${process.env['PATH'] ?? ''}`, 'bash', '-o', 'pipefail', '-c', script],
        repository,
      );
      await once(child, 'close');
      expect(child.exitCode, child.output()).toBe(0);
      expect(child.output().trim()).not.toBe('');
    });
  }
});
