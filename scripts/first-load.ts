import { gzipSync } from 'node:zlib';

/** Compressed bytes of script that a screen may need before it works. */
export const mostFirstLoad = 60_000;

/** What the bundler says of a file that it wrote. */
export type BuiltFile =
  | {
      readonly type: 'chunk';
      readonly fileName: string;
      readonly name: string;
      readonly code: string;
      readonly isEntry: boolean;
      readonly isDynamicEntry: boolean;
      /** What must be there before it runs. */
      readonly imports: readonly string[];
      /** What it brings later. */
      readonly dynamicImports: readonly string[];
    }
  | { readonly type: 'asset' };

/** For each screen the compressed bytes of script until it works: the entry, the screen's chunk, and what both import. */
export function firstLoads(
  files: readonly BuiltFile[],
): readonly { readonly screen: string; readonly bytes: number }[] {
  const chunks = new Map(files.flatMap((file) => (file.type === 'chunk' ? [[file.fileName, file] as const] : [])));
  const needed = (names: readonly string[], known: Set<string>): Set<string> => {
    for (const name of names) {
      const chunk = chunks.get(name);
      if (chunk === undefined || known.has(name)) continue;
      known.add(name);
      needed(chunk.imports, known);
    }
    return known;
  };
  const sizes = new Map([...chunks].map(([name, { code }]) => [name, gzipSync(code).length]));
  return [...chunks.values()]
    .filter(({ isEntry }) => isEntry)
    .flatMap((entry) => [
      { screen: 'the shell', starts: [entry.fileName] },
      ...entry.dynamicImports.map((name) => ({
        screen: chunks.get(name)?.name ?? name,
        starts: [entry.fileName, name],
      })),
    ])
    .map(({ screen, starts }) => {
      const bytes = [...needed(starts, new Set())].reduce((sum, name) => sum + (sizes.get(name) ?? 0), 0);
      return { screen, bytes };
    });
}
