import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Application } from '../server/application.ts';
import { MillraceError } from '../errors.ts';
import { isObject } from './json-shape.ts';

/**
 * The file of the application: the one that was named, or `millrace.app` of the package.json in the folder.
 * Throws APP_MISSING.
 */
export async function findApplicationFile(named: string | undefined, folder: string): Promise<string> {
  const entry = named ?? (await entryOfPackage(folder));
  const file = path.resolve(folder, entry);
  const found = await stat(file).catch(() => undefined);
  if (found?.isFile() === true) return file;
  throw new MillraceError('APP_MISSING', `There is no application at ${file}.`);
}

async function entryOfPackage(folder: string): Promise<string> {
  const text = await readFile(path.join(folder, 'package.json'), 'utf8').catch(() => undefined);
  if (text === undefined) throw unnamed(`${folder} has no package.json.`);
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    throw unnamed(`The package.json in ${folder} is not valid JSON.`);
  }
  const section = isObject(content) ? content['millrace'] : undefined;
  const entry = isObject(section) ? section['app'] : undefined;
  if (typeof entry !== 'string' || entry === '') throw unnamed(`The package.json in ${folder} names no application.`);
  return entry;
}

function unnamed(problem: string): MillraceError {
  const advice = 'Name the application with --app <file>, or with "millrace": { "app": "./app.ts" } in package.json.';
  return new MillraceError('APP_MISSING', `${problem} ${advice}`);
}

/** Imports the application. Throws APP_MISSING, APP_INVALID, and whatever the file itself throws. */
export async function loadApplication(named: string | undefined, folder = process.cwd()): Promise<Application> {
  const file = await findApplicationFile(named, folder);
  const module: unknown = await import(pathToFileURL(file).href);
  const application = isObject(module) ? module['application'] : undefined;
  if (!isApplication(application)) {
    throw new MillraceError('APP_INVALID', `${file} exports no "application" with a system that defineSystem made.`);
  }
  return application;
}

/** A look at the outside only: defineSystem has checked the inside. */
function isApplication(value: unknown): value is Application {
  if (!isObject(value) || !isObject(value['system'])) return false;
  const { system } = value;
  return typeof system['name'] === 'string' && Array.isArray(system['events']) && isObject(system['databases']);
}
