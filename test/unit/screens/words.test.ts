import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { describe, expect, test } from 'vitest';
import { parseSync } from 'vite';

const web = fileURLToPath(new URL('../../../apps/waiting-room/web/', import.meta.url));
const files = readdirSync(web, { recursive: true, encoding: 'utf8' }).filter((file) => !file.endsWith('.test.ts'));
const catalogues = files.filter((file) => /(^|[/-])(words|strings)\.ts$/.test(file));

function fieldsOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

/** Every way to a word of a catalogue: `screens.flow.title`. Lists must be equally long. */
function keysOf(words: unknown, before = ''): string[] {
  if (typeof words !== 'object' || words === null) return [`${before} ${typeof words}`];
  return Object.entries(words).flatMap(([name, value]) => keysOf(value, `${before}.${name}`));
}

/** All words of a catalogue as text; what builds a sentence is given dashes. */
function textsOf(words: unknown): string[] {
  if (typeof words === 'string') return [words];
  if (typeof words === 'function') return [String(Reflect.apply(words, undefined, ['–', '–', '–']))];
  return typeof words === 'object' && words !== null ? Object.values(words).flatMap(textsOf) : [];
}

describe.each(catalogues)('the catalogue %s', async (file) => {
  const module: unknown = await import(pathToFileURL(path.join(web, file)).href);
  const found = Object.entries(fieldsOf(module)).filter(
    (entry): entry is [string, { en: unknown; es: unknown }] =>
      typeof entry[1] === 'object' && entry[1] !== null && 'en' in entry[1] && 'es' in entry[1],
  );

  test('is there', () => expect(found.length).toBeGreaterThan(0));

  test.each(found)('%s has the same keys in both languages', (_name, { en, es }) => {
    expect(keysOf(es)).toEqual(keysOf(en));
  });

  test.each(found)('%s leaves no word empty', (_name, { en, es }) => {
    expect([...textsOf(en), ...textsOf(es)].filter((text) => text.trim() === '')).toEqual([]);
  });
});

/** Attributes that people read or hear. */
const readAttributes = new Set(['aria-label', 'aria-description', 'title', 'placeholder', 'alt', 'label']);
const hasLetters = (text: unknown) => typeof text === 'string' && /\p{L}{2}/u.test(text);

/** The text that stands in the views themselves, and not in a catalogue. */
function looseText(file: string, source: string): string[] {
  const { program } = parseSync(file, source);
  const loose: string[] = [];
  const visit = (node: unknown, inText: boolean): void => {
    if (Array.isArray(node)) {
      for (const one of node) visit(one, inText);
      return;
    }
    if (typeof node !== 'object' || node === null || !('type' in node)) return;
    const fields: Record<string, unknown> = { ...node };
    if (node.type === 'JSXText' && hasLetters(fields['value'])) loose.push(String(fields['value']).trim());
    if (node.type === 'Literal' && inText && hasLetters(fields['value'])) loose.push(String(fields['value']));
    if (node.type === 'TemplateElement' && inText) {
      const { raw } = fieldsOf(fields['value']);
      if (hasLetters(raw)) loose.push(String(raw));
    }
    if (node.type === 'JSXAttribute') {
      const { name } = fieldsOf(fields['name']);
      const { type, expression } = fieldsOf(fields['value']);
      // What stands in braces is the attribute's value, and not text of the page.
      visit(type === 'JSXExpressionContainer' ? expression : fields['value'], readAttributes.has(String(name)));
      return;
    }
    // What a function is called with, or a comparison is made with, is no text.
    const stops = ['CallExpression', 'BinaryExpression', 'MemberExpression'].includes(String(node.type));
    const begins = node.type === 'JSXExpressionContainer';
    for (const [key, value] of Object.entries(fields)) {
      const isTest = node.type === 'ConditionalExpression' && key === 'test';
      visit(value, !stops && !isTest && (begins || inText));
    }
  };
  visit(program, false);
  return loose;
}

test('no word stands in a view: they are all in the catalogues', () => {
  const views = files.filter((file) => file.endsWith('.tsx'));
  const found = views.flatMap((file) =>
    looseText(file, readFileSync(path.join(web, file), 'utf8')).map((text) => `${file}: ${text}`),
  );
  expect(found).toEqual([]);
});

test('a word in a view is noticed', () => {
  const notice = (source: string) => looseText('view.tsx', source);
  expect(notice('const a = <p>Hello</p>')).toEqual(['Hello']);
  expect(notice("const a = <p>{x ? 'Yes, now' : ''}</p>")).toEqual(['Yes, now']);
  expect(notice('const a = <input placeholder="Name" />')).toEqual(['Name']);
  expect(notice("const a = <p class={x === 'WAITING' ? y : z}>{words.hello}</p>")).toEqual([]);
});
