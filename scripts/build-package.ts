import { copyFile, glob, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import { repository, runTool } from './development-tool.ts';

/**
 * Builds what npm publishes: JavaScript and declarations, with the SQL and .proto files beside the code that reads them.
 * Run: `npm run build`
 */

/** Compiles `src/` into a folder. Throws when the compiler finds fault. */
export async function emitPackage(folder: string): Promise<void> {
  await rm(path.join(folder, 'src'), { recursive: true, force: true });
  const code = await runTool('tsc', ['-p', 'tsconfig.build.json', '--outDir', folder], { stdio: ['ignore', 2, 2] });
  if (code !== 0) throw new Error(`tsc ended with ${code}.`);
  for await (const file of glob('src/**/*.{sql,proto}', { cwd: repository })) {
    const target = path.join(folder, file);
    await mkdir(path.dirname(target), { recursive: true });
    await copyFile(path.join(repository, file), target);
  }
  // The compiler rewrites imports in the code, and leaves them in the declarations.
  for await (const file of glob('src/**/*.d.ts', { cwd: folder })) {
    const text = await readFile(path.join(folder, file), 'utf8');
    await writeFile(path.join(folder, file), withoutSourceNames(text));
  }
}

/** `'./store.ts'` in an import becomes `'./store.js'`. */
function withoutSourceNames(declarations: string): string {
  return declarations.replaceAll(/((?:from|import\()\s*['"]\.{1,2}\/[^'"]*)\.ts(['"])/g, '$1.js$2');
}

if (import.meta.main) {
  await emitPackage(path.join(repository, 'dist'));
  process.stderr.write('Built dist/.\n');
}
