import { fileURLToPath } from 'node:url';
import {
  loadSync,
  type AnyDefinition,
  type MessageTypeDefinition,
  type MethodDefinition,
  type PackageDefinition,
  type ServiceDefinition,
} from '@grpc/proto-loader';
import { MillraceError } from '../../errors.ts';

/** A method of a service: how its messages are read and written. */
export type ProtoMethod = MethodDefinition<object, object>;

const platformFile = (name: string) => fileURLToPath(new URL(`./protos/${name}`, import.meta.url));

// Fields in camelCase, as JSON has them; whole numbers of 64 bits as text, since JavaScript's reach to 53.
const options = { longs: String, enums: String, keepCase: false } as const;

/** The messages and services of some files. Throws DEFINITION_INVALID when they cannot be read. */
export function loadProtos(files: readonly URL[]): PackageDefinition {
  return load(files, options);
}

/** The same files with the names that stand in them: what reflection tells. */
export function loadForReflection(files: readonly URL[]): PackageDefinition {
  return load(files, { ...options, keepCase: true });
}

function load(files: readonly URL[], how: typeof options | { keepCase: true }): PackageDefinition {
  try {
    return loadSync(
      files.map((file) => fileURLToPath(file)),
      how,
    );
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new MillraceError('DEFINITION_INVALID', `The .proto files cannot be read: ${reason}`, { cause });
  }
}

/** Files of the platform, by their place under `protos/`. */
export function platformProtos(...names: readonly string[]): readonly URL[] {
  return names.map((name) => new URL(`file://${platformFile(name)}`));
}

/** The services of some files, by their full name. */
export function servicesIn(found: PackageDefinition): readonly (readonly [name: string, ServiceDefinition])[] {
  return Object.entries(found).flatMap(([name, definition]) =>
    isService(definition) ? [[name, definition] as const] : [],
  );
}

/** The service of that name. */
export function serviceIn(found: PackageDefinition, name: string): ServiceDefinition {
  const definition = found[name];
  if (definition === undefined || !isService(definition)) throw new TypeError(`There is no service ${name}.`);
  return definition;
}

/** Reads and writes messages of one type. */
export function messageIn(found: PackageDefinition, name: string): MessageTypeDefinition<object, object> {
  const definition = found[name];
  if (definition === undefined || isService(definition) || !('serialize' in definition)) {
    throw new TypeError(`There is no message ${name}.`);
  }
  return definition;
}

/** `package.Service/Method`. */
export function methodName({ path }: Pick<ProtoMethod, 'path'>): string {
  return path.slice(1);
}

function isService(definition: AnyDefinition): definition is ServiceDefinition {
  return typeof definition.format !== 'string';
}
