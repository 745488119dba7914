import { readFileSync } from 'node:fs';
import path from 'node:path';

/**
 * The public API as text: for every entry point the names it exports, then every declaration that they reach. Read from
 * the declarations that the compiler wrote, whose layout is regular: a statement begins at the start of a line.
 */

/** The entry points of the package, and their declarations below the built folder. */
const entries = {
  millrace: 'src/index.d.ts',
  'millrace/embedded': 'src/embedded/index.d.ts',
  'millrace/server': 'src/server/index.d.ts',
  'millrace/testing': 'src/testing/index.d.ts',
} as const;

/** A name in a module: declared there, or taken from another one. */
type Binding =
  | { readonly kind: 'declared'; readonly texts: string[] }
  | { readonly kind: 'taken'; readonly from: string; readonly name: string };

interface Module {
  readonly names: Map<string, Binding>;
  readonly exported: Map<string, Binding>;
}

/** The API of a package that was built into `folder`. */
export function readApiSurface(folder: string): string {
  const modules = new Map<string, Module>();
  const load = (file: string): Module => {
    const known = modules.get(file);
    if (known !== undefined) return known;
    const module = parse(readFileSync(path.join(folder, file), 'utf8'), file);
    modules.set(file, module);
    return module;
  };

  const declarations = new Map<string, string>();
  const packages = new Set<string>();
  const visited = new Set<string>();
  /** Follows a name to its declaration, and from there to every name that the declaration speaks of. */
  const reach = (file: string, name: string, binding: Binding | undefined): void => {
    if (binding === undefined || visited.has(`${file} ${name}`)) return;
    visited.add(`${file} ${name}`);
    if (binding.kind === 'taken') {
      if (isPackage(binding.from)) packages.add(binding.from);
      else reach(binding.from, binding.name, load(binding.from).names.get(binding.name));
      return;
    }
    const text = binding.texts.join('\n');
    declarations.set(`${file.replace(/\.d\.ts$/, '')}: ${name}`, text);
    for (const word of new Set(text.match(/[A-Za-z_$][\w$]*/g))) reach(file, word, load(file).names.get(word));
  };

  const lists = Object.entries(entries).map(([entry, file]) => {
    const { exported } = load(file);
    for (const [name, binding] of exported) reach(file, name, binding);
    return `${entry}\n${[...exported.keys()]
      .sort()
      .map((name) => `  ${name}`)
      .join('\n')}\n`;
  });
  const texts = [...declarations].sort(([a], [b]) => (a < b ? -1 : 1)).map(([place, text]) => `// ${place}\n${text}\n`);
  const head = 'The public API of Millrace, as `npm run api` writes it. A test compares it with the code.\n';
  const used = `# Packages whose types they use\n\n${[...packages].sort().join('\n')}\n`;
  return [
    head,
    '# What each entry point exports\n',
    ...lists,
    '# Every declaration that they reach\n',
    ...texts,
    used,
  ].join('\n');
}

const isPackage = (target: string): boolean => !target.startsWith('src/');

function parse(text: string, file: string): Module {
  const module: Module = { names: new Map(), exported: new Map() };
  for (const statement of statements(text)) readStatement(module, statement, file);
  return module;
}

/** Comments are left out: the surface is what programs can see. */
function statements(text: string): readonly string[] {
  const lines = text.replaceAll(/\/\*[\s\S]*?\*\//g, '').split('\n');
  const found: string[] = [];
  for (const line of lines) {
    if (line.trim() === '' || /^\s*(\/\/|#?private\b)/.test(line) || /^\s+#private;/.test(line)) continue;
    if (/^(export|import|declare|interface|type|class|const|function)\b/.test(line)) found.push(line);
    else found.push(`${found.pop() ?? ''}\n${line}`);
  }
  return found;
}

function readStatement({ names, exported }: Module, statement: string, file: string): void {
  const list =
    /^(import|export) (?:type )?(?:(\w+)(?:, )?)?(?:\{([^}]*)\}|\* as (\w+))?(?: from ['"]([^'"]+)['"])?;/.exec(
      statement,
    );
  if (list !== null) {
    const [, word, whole, named = '', all, target] = list;
    const from = target === undefined ? file : resolveTarget(file, target);
    if (whole !== undefined) names.set(whole, { kind: 'taken', from, name: 'default' });
    if (all !== undefined) names.set(all, { kind: 'taken', from, name: '*' });
    for (const part of named
      .split(',')
      .map((item) => item.trim())
      .filter((item) => item !== '')) {
      const [name = '', alias = name] = part.replace(/^type /, '').split(' as ');
      const local = target === undefined ? names.get(name) : undefined;
      const binding: Binding = local ?? { kind: 'taken', from, name };
      names.set(alias, binding);
      if (word === 'export') exported.set(alias, binding);
    }
    return;
  }
  const declared =
    /^(export )?(?:declare )?(?:abstract )?(?:interface|type|class|const|function|module) ['"]?([\w$-]+)/.exec(
      statement,
    );
  if (declared === null) throw new Error(`${file} has a statement of a form that is not known: ${statement}`);
  const [, isExported, name = ''] = declared;
  const before = names.get(name);
  const texts = before?.kind === 'declared' ? before.texts : [];
  texts.push(statement.replace(/^export /, '').replace(/^declare /, ''));
  const binding: Binding = { kind: 'declared', texts };
  names.set(name, binding);
  if (isExported !== undefined) exported.set(name, binding);
}

function resolveTarget(file: string, target: string): string {
  if (!target.startsWith('.')) return target;
  return path.posix.join(path.posix.dirname(file), target).replace(/\.js$/, '.d.ts');
}
