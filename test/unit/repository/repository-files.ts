import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { repository } from '../../../scripts/development-tool.ts';

/** Folders whose content nobody writes by hand. */
const made = new Set(['node_modules', 'dist', '.millrace', '.git', 'coverage', 'scratch', '.cache']);

/** A file of the repository: its path with `/` from the repository's folder, and its text. */
export interface RepositoryFile {
  readonly path: string;
  readonly text: string;
}

/** The paths of all files that somebody wrote, sorted. @example repositoryPaths('src/**\/*.ts') */
export function repositoryPaths(pattern: string | readonly string[]): readonly string[] {
  return globSync([pattern].flat(), {
    cwd: repository,
    withFileTypes: true,
    exclude: (entry) => made.has(entry.name),
  })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(repository, path.join(entry.parentPath, entry.name)).replaceAll('\\', '/'))
    .sort();
}

export function repositoryFiles(pattern: string | readonly string[]): readonly RepositoryFile[] {
  return repositoryPaths(pattern).map((file) => ({ path: file, text: readRepositoryFile(file) }));
}

export function readRepositoryFile(file: string): string {
  return readFileSync(path.join(repository, file), 'utf8');
}

/** The names in a section of package.json. @example namesIn('dependencies') */
export function namesIn(section: 'dependencies' | 'devDependencies' | 'allowScripts' | 'scripts'): readonly string[] {
  // npm reads it at every command, and refuses another shape.
  const manifest = JSON.parse(readRepositoryFile('package.json')) as { [name: string]: { [name: string]: unknown } };
  return Object.keys(manifest[section] ?? {});
}
