import { execFile, execFileSync } from 'node:child_process';
import path from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { parseAllDocuments } from 'yaml';
import { repository } from '../../scripts/development-tool.ts';
import type { Resource } from './schema-check.ts';

const run = promisify(execFile);

/** `kustomize`, named by scripts/with-deployment-tools.ts, or a kubectl that brings version 5; undefined without either. */
export function findKustomize(): readonly string[] | undefined {
  const named = process.env['MILLRACE_TEST_KUSTOMIZE'] ?? '';
  const candidates = [...(named === '' ? [] : [[named, 'build']]), ['kustomize', 'build'], ['kubectl', 'kustomize']];
  return candidates.find(([program = '', verb]) => {
    try {
      const words = verb === 'build' ? ['version'] : ['version', '--client'];
      const said = execFileSync(program, words, {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
        timeout: 20_000,
      });
      return /v5\.\d+/.test(said);
    } catch {
      return false;
    }
  });
}

/** What an overlay makes: every resource that would be applied. */
export async function buildOverlay(folder: string): Promise<readonly Resource[]> {
  const [program = '', verb = ''] = findKustomize() ?? [];
  if (program === '') throw new Error('There is no kustomize 5: run `npm run test:deployment`.');
  const { stdout } = await run(program, [verb, path.resolve(repository, folder)], { maxBuffer: 10_000_000 });
  return resourcesIn(stdout);
}

export function resourcesIn(text: string): readonly Resource[] {
  return parseAllDocuments(text, { merge: true }).flatMap((document) => {
    if (document.errors.length > 0) throw document.errors[0];
    const resource: unknown = document.toJS();
    return resource === null ? [] : [resource as Resource];
  });
}
