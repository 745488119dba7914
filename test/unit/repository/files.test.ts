import path from 'node:path';
import process from 'node:process';
import { describe, expect, test } from 'vitest';
import { repositoryFiles, repositoryPaths } from './repository-files.ts';

const code = repositoryFiles(['{src,apps,bin,test,scripts,bench,console}/**/*.{ts,tsx,js,css,sql}', '*.ts']);
const all = repositoryPaths('**/*');
/** Programs expect a default export of their own settings file. */
const settingsFiles = /(^|\/)(vitest|vite)\.[a-z.]*config\.ts$/;

const linesWith = (pattern: RegExp, files = code) =>
  files.flatMap(({ path: file, text }) =>
    text.split('\n').flatMap((line, index) => (pattern.test(line) ? [`${file}:${index + 1} ${line.trim()}`] : [])),
  );

describe('files', () => {
  test('are named in kebab-case', () => {
    const named = /^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9-]+)*$/;
    const wrong = all.filter((file) => /\.(ts|tsx|js|css|sql)$/.test(file) && !named.test(path.basename(file)));
    expect(wrong).toEqual([]);
  });

  test('are named after what they hold: no utils, helpers or common', () => {
    expect(all.filter((file) => /(^|[/.-])(utils?|helpers?|common|misc)([/.-]|$)/.test(file))).toEqual([]);
  });

  test('have 500 lines at most', () => {
    const lengths = code.map(({ path: file, text }) => ({ file, lines: text.split('\n').length - 1 }));
    const long = lengths.filter(({ lines }) => lines > 250).sort((a, b) => b.lines - a.lines);
    // To be seen, not to fail: the aim is 250.
    if (process.env['MILLRACE_TEST_LONG_FILES'] !== undefined) {
      console.log(long.map(({ file, lines }) => `${lines} ${file}`).join('\n'));
    }
    expect(long.filter(({ lines }) => lines > 500)).toEqual([]);
  });

  test('leave nothing for later', () => {
    expect(linesWith(/\b(TODO|FIXME|XXX|HACK)\b/).filter((line) => !line.startsWith('test/unit/repository/'))).toEqual(
      [],
    );
  });

  test('hold no marks of an unfinished merge', () => {
    const texts = repositoryFiles(['**/*.{ts,tsx,js,css,sql,md,json,txt,html}', '.ci/*']);
    expect(linesWith(/^(<{7} |={7}$|>{7} )/, texts)).toEqual([]);
  });

  test('name no folder of a machine', () => {
    const documents = repositoryFiles(['*.md', 'docs/**/*.{md,txt}', '.ci/*', '*.json', '.*rc*']);
    const machine = /(^|[\s"'`(=:])(\/work\/|\/home\/\w|\/Users\/\w|\/root\/|[A-Z]:\\Users)/;
    const lines = linesWith(machine, [...code, ...documents]);
    expect(lines.filter((line) => !line.startsWith('test/unit/repository/'))).toEqual([]);
  });

  test('export names, never a default', () => {
    const modules = code.filter(({ path: file }) => /\.(ts|tsx|js)$/.test(file) && !settingsFiles.test(file));
    expect(linesWith(/^export default\b|^export \{[^}]*\bas default\b/, modules)).toEqual([]);
  });
});
