import { describe, expect, test } from 'vitest';
import { namesIn, readRepositoryFile, repositoryPaths } from './repository-files.ts';

interface LockedPackage {
  readonly dependencies?: { readonly [name: string]: string };
  readonly optionalDependencies?: { readonly [name: string]: string };
  readonly hasInstallScript?: boolean;
}

/** A lock file's packages, by their place: `node_modules/pg`. npm wrote it, and checks it at every `npm ci`. */
function lockedPackages(file: string): ReadonlyMap<string, LockedPackage> {
  const { packages } = JSON.parse(readRepositoryFile(file)) as { packages: { [place: string]: LockedPackage } };
  return new Map(Object.entries(packages));
}

/** Where Node would find a package from another package's folder. */
function places(from: string, name: string): readonly string[] {
  const folders = from.split('/node_modules/');
  const above = folders.map((_, index) => `${folders.slice(0, index + 1).join('/node_modules/')}/node_modules/${name}`);
  return [...above, `node_modules/${name}`].map((place) => place.replace(/^\//, ''));
}

describe.each(repositoryPaths(['package-lock.json', 'bench/package-lock.json']))('%s', (file) => {
  const packages = lockedPackages(file);

  test('names no registry: whoever installs uses their own', () => {
    expect(readRepositoryFile(file)).not.toMatch(/"resolved": "https?:/);
  });

  test('holds the packages of every platform, without which npm ci refuses it', () => {
    const missing = [...packages].flatMap(([from, { dependencies, optionalDependencies }]) =>
      Object.keys({ ...dependencies, ...optionalDependencies })
        .filter((name) => !places(from, name).some((place) => packages.has(place)))
        .map((name) => `${name}, which ${from} needs`),
    );
    expect(missing).toEqual([]);
  });
});

test('every package with an install script is allowed to run it, by name', () => {
  const allowed = [...namesIn('allowScripts')].sort();
  const withScript = [...lockedPackages('package-lock.json')]
    .filter(([, { hasInstallScript }]) => hasInstallScript === true)
    .map(([place]) => place.replace(/^.*node_modules\//, ''));
  expect(allowed).toEqual([...new Set(withScript)].sort());
});
