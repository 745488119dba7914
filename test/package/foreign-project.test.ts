import { existsSync } from 'node:fs';
import { glob, readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { repository } from '../../scripts/development-tool.ts';
import { readApiSurface } from '../../scripts/read-api-surface.ts';
import { installPackedPackage, type ForeignFolder } from './packed-package.ts';

describe('the package that npm gets, in a project that is not this one', () => {
  let foreign: ForeignFolder;

  beforeAll(async () => {
    foreign = await installPackedPackage(path.join(repository, 'docs/examples/first-system'));
  }, 300_000);

  afterAll(() => foreign.remove());

  test('holds JavaScript, declarations, SQL and interfaces of gRPC, and nothing that only the repository needs', () => {
    const allowed =
      /^(dist\/src\/.+\.(js|d\.ts|sql|proto)|bin\/millrace\.js|scripts\/prepare\.js|[A-Z]+(\.md)?|package\.json)$/;
    expect(foreign.packedFiles.filter((file) => !allowed.test(file))).toEqual([]);
    expect(foreign.packedFiles.filter((file) => /\.(test|conformance)\./.test(file))).toEqual([]);
    expect(foreign.packedFiles).toEqual(
      expect.arrayContaining(['dist/src/index.js', 'dist/src/index.d.ts', 'LICENSE']),
    );
  });

  test('has every SQL file beside the code that reads it', async () => {
    const sources = await Array.fromAsync(glob('src/**/*.sql', { cwd: repository }));
    expect(sources.length).toBeGreaterThan(0);
    expect(foreign.packedFiles).toEqual(expect.arrayContaining(sources.map((file) => `dist/${file}`)));
  });

  test('imports no TypeScript file, and nothing through names that only the repository knows', async () => {
    const folder = path.join(foreign.folder, 'node_modules/millrace');
    const files = await Array.fromAsync(glob('dist/**/*.{js,d.ts}', { cwd: folder }));
    const texts = await Promise.all(
      files.map(async (file) => ({ file, text: await readFile(path.join(folder, file), 'utf8') })),
    );
    const wrong = /(?:from|import\(|import|require\()\s*['"](?:\.[^'"]*\.ts|#[^'"]*)['"]/;
    expect(texts.filter(({ text }) => wrong.test(text)).map(({ file }) => file)).toEqual([]);
  });

  test('has the public API that docs/reference/api-surface.txt shows; `npm run api` writes it', async () => {
    const page = await readFile(path.join(repository, 'docs/reference/api-surface.txt'), 'utf8');
    expect(readApiSurface(path.join(foreign.folder, 'node_modules/millrace/dist'))).toBe(page);
  });

  test('names in its API only packages that are installed with it', async () => {
    const page = await readFile(path.join(repository, 'docs/reference/api-surface.txt'), 'utf8');
    const names = page.split('# Packages whose types they use\n')[1]?.trim().split('\n') ?? [];
    const missing = names.filter((name) => !existsSync(path.join(foreign.folder, 'node_modules', name)));
    expect(names.length).toBeGreaterThan(0);
    // The types of Node's own modules are the only ones that a project brings itself: the guide installs them.
    expect(missing.filter((name) => !name.startsWith('node:'))).toEqual([]);
  });

  test('gives the types that the example of the guide compiles with', async () => {
    const tsc = path.join(repository, 'node_modules/typescript/bin/tsc');
    const types = path.join(repository, 'node_modules/@types');
    await expect(foreign.node(tsc, '-p', '.', '--typeRoots', types)).resolves.toBe('');
  }, 180_000);

  test('runs the example of the guide: two databases, three commands, one row', async () => {
    const output = await foreign.node('start.ts');
    const guide = await readFile(path.join(repository, 'docs/guides/your-first-system.md'), 'utf8');
    expect(output).toBe("position 3: [ { book_id: 'book-1', reader_id: 'reader-2', times: 2 } ]\n");
    expect(guide).toContain(output);
  }, 120_000);

  test("runs the example's own tests, without a database", async () => {
    const report = await foreign.node('--test', '--test-reporter=tap');
    expect(report).toContain('# pass 3\n# fail 0\n');
  });

  test('gives every entry point of its exports', async () => {
    const entries = `for (const entry of ['millrace', 'millrace/embedded', 'millrace/server', 'millrace/testing'])
      console.log(entry, Object.keys(await import(entry)).length > 0);`;
    expect(await foreign.node('--input-type=module', '-e', entries)).toBe(
      'millrace true\nmillrace/embedded true\nmillrace/server true\nmillrace/testing true\n',
    );
  });

  test('brings the command', async () => {
    const version: unknown = JSON.parse(await readFile(path.join(repository, 'package.json'), 'utf8'));
    const output = await foreign.node('node_modules/millrace/bin/millrace.js', '--version');
    expect(version).toMatchObject({ version: output.trim() });
  });
});
