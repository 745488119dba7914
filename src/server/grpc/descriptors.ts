import { loadSync, type PackageDefinition } from '@grpc/proto-loader';
import { messageIn } from './protos.ts';

/** A field of a message as its file says it. */
export interface ProtoField {
  /** In snake_case when the files were loaded for reflection, otherwise in camelCase. */
  readonly name: string;
  readonly number: number;
  /** `string`, `int64`, `bool` …; for a message or an enum its full name. */
  readonly type: string;
  readonly isMessage: boolean;
  readonly repeated: boolean;
  /** The group of fields of which one is there; undefined for a field by itself. */
  readonly oneof: string | undefined;
  /** Whether it can be told from its default whether the field was given. */
  readonly hasPresence: boolean;
}

/** A method of a service as its file says it. */
export interface ProtoMethodShape {
  /** `package.Service/Method`. */
  readonly name: string;
  readonly request: string;
  readonly reply: string;
  readonly streams: boolean;
}

/** What some .proto files say, by full names. */
export interface ProtoShapes {
  readonly messages: ReadonlyMap<string, readonly ProtoField[]>;
  readonly methods: readonly ProtoMethodShape[];
}

/** Reads what the files say: the messages with their fields, and the methods. */
export function shapesOf(found: PackageDefinition): ProtoShapes {
  const file = messageIn(loadSync('google/protobuf/descriptor.proto', { enums: String }), fileMessage);
  const messages = new Map<string, readonly ProtoField[]>();
  const methods: ProtoMethodShape[] = [];
  for (const bytes of fileBytes(found)) {
    const read: Descriptor = file.deserialize(bytes);
    const packageName = read.package ?? '';
    for (const message of read.messageType ?? []) addMessage(messages, packageName, message);
    for (const service of read.service ?? []) {
      for (const method of service.method ?? []) {
        methods.push({
          name: `${packageName}.${service.name ?? ''}/${method.name ?? ''}`,
          request: fullName(packageName, method.inputType),
          reply: fullName(packageName, method.outputType),
          streams: method.serverStreaming === true,
        });
      }
    }
  }
  return { messages, methods };
}

const fileMessage = 'google.protobuf.FileDescriptorProto';

/** As descriptor.proto names the parts; only those that are asked for here. */
interface Descriptor {
  readonly name?: string;
  readonly package?: string;
  readonly messageType?: readonly Descriptor[];
  readonly nestedType?: readonly Descriptor[];
  readonly service?: readonly Descriptor[];
  readonly method?: readonly Descriptor[];
  readonly field?: readonly Descriptor[];
  readonly oneofDecl?: readonly Descriptor[];
  readonly inputType?: string;
  readonly outputType?: string;
  readonly serverStreaming?: boolean;
  readonly number?: number;
  readonly label?: string;
  readonly type?: string;
  readonly typeName?: string;
  readonly oneofIndex?: number;
}

function fileBytes(found: PackageDefinition): Buffer[] {
  const all = Object.values(found).flatMap((definition) =>
    Array.isArray(definition.fileDescriptorProtos) ? definition.fileDescriptorProtos : [],
  );
  return [...new Map(all.map((bytes) => [bytes.toString('base64'), bytes])).values()];
}

function addMessage(messages: Map<string, readonly ProtoField[]>, scope: string, message: Descriptor): void {
  const name = `${scope}.${message.name ?? ''}`;
  const oneofs = (message.oneofDecl ?? []).map((oneof) => oneof.name ?? '');
  const fields = (message.field ?? []).map((field): ProtoField => {
    const oneof = field.oneofIndex === undefined ? undefined : oneofs[field.oneofIndex];
    const repeated = field.label === 'LABEL_REPEATED';
    const isMessage = field.type === 'TYPE_MESSAGE';
    return {
      name: field.name ?? '',
      number: field.number ?? 0,
      type: field.typeName === undefined ? typeWord(field.type) : fullName(scope, field.typeName),
      isMessage,
      repeated,
      // `optional` is written as a group of its own whose name begins with a line.
      oneof: oneof?.startsWith('_') === true ? undefined : oneof,
      hasPresence: repeated || isMessage || oneof !== undefined,
    };
  });
  messages.set(name, fields);
  for (const nested of message.nestedType ?? []) addMessage(messages, name, nested);
}

function typeWord(type: string | undefined): string {
  return (type ?? '').replace('TYPE_', '').toLowerCase();
}

/** Names in one file may leave out the package. */
function fullName(scope: string, name: string | undefined): string {
  const given = name ?? '';
  if (given.startsWith('.')) return given.slice(1);
  return given.includes('.') ? given : `${scope}.${given}`;
}
