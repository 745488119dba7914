import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { emitPackage } from './build-package.ts';
import { readApiSurface } from './read-api-surface.ts';
import { breakingChanges, readGrpcSurface } from './read-grpc-surface.ts';
import { repository } from './development-tool.ts';

/**
 * Writes the public API into docs/reference/api-surface.txt and the gRPC interface into docs/reference/grpc-surface.txt,
 * so that a change of them is seen in review. Tests compare. What would break gRPC clients is refused.
 * Run: `npm run api`, or `npm run api -- --breaking` when no client is there yet
 */

const grpcPage = path.join(repository, 'docs/reference/grpc-surface.txt');
const grpcSurface = readGrpcSurface();
const broken = breakingChanges(await readFile(grpcPage, 'utf8').catch(() => ''), grpcSurface);
if (broken.length > 0 && !process.argv.includes('--breaking')) {
  process.stderr.write(`These would break gRPC clients; deprecate instead:\n${broken.join('\n')}\n`);
  process.exit(1);
}
await writeFile(grpcPage, grpcSurface);
process.stderr.write('Wrote docs/reference/grpc-surface.txt.\n');

const folder = await mkdtemp(path.join(os.tmpdir(), 'millrace-api-'));
try {
  await emitPackage(folder);
  await writeFile(path.join(repository, 'docs/reference/api-surface.txt'), readApiSurface(folder));
  process.stderr.write('Wrote docs/reference/api-surface.txt.\n');
} finally {
  await rm(folder, { recursive: true, force: true });
}
