import { spawn, type StdioOptions } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

/** The repository's folder. */
export const repository = fileURLToPath(new URL('../', import.meta.url));

/** The JavaScript files of the programs that the scripts run; npm links them under `node_modules/.bin`. */
const programs = {
  tsc: 'typescript/bin/tsc',
  oxlint: 'oxlint/bin/oxlint',
  oxfmt: 'oxfmt/bin/oxfmt',
  vitest: 'vitest/vitest.mjs',
} as const;

export type DevelopmentTool = keyof typeof programs;

/**
 * Runs a program of the development dependencies under this very Node, and gives its exit code.
 * @example process.exitCode = await runTool('tsc', ['-p', '.']);
 */
export function runTool(
  tool: DevelopmentTool,
  args: readonly string[],
  options: { readonly env?: NodeJS.ProcessEnv; readonly stdio?: StdioOptions } = {},
): Promise<number> {
  return runNode(path.join(repository, 'node_modules', programs[tool]), args, options);
}

/** Whether a development dependency is installed; after `npm ci --omit=dev` none is. */
export function hasTool(tool: DevelopmentTool): boolean {
  return existsSync(path.join(repository, 'node_modules', programs[tool]));
}

/** Runs a JavaScript or TypeScript file under this very Node in the repository's folder, and gives its exit code. */
export function runNode(
  file: string,
  args: readonly string[],
  options: { readonly env?: NodeJS.ProcessEnv; readonly stdio?: StdioOptions } = {},
): Promise<number> {
  const child = spawn(process.execPath, [file, ...args], {
    cwd: repository,
    env: { ...process.env, ...options.env },
    stdio: options.stdio ?? 'inherit',
  });
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  child.once('error', reject);
  child.once('close', (code) => resolve(code ?? 1));
  return promise;
}
