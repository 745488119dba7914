import { loadSync, type PackageDefinition } from '@grpc/proto-loader';
import { messageIn } from './protos.ts';

/**
 * Gives the entries of map fields the name that protoc gives them. The loader names them after the field alone
 * (`Details`), and clients that check what reflection tells refuse the whole file: a field `details` has entries of
 * `DetailsEntry`.
 */
export function withNamedMapEntries(found: PackageDefinition): PackageDefinition {
  const file = messageIn(loadSync('google/protobuf/descriptor.proto'), 'google.protobuf.FileDescriptorProto');
  const mended = new Map<Buffer, Buffer>();
  for (const { fileDescriptorProtos: files } of Object.values(found)) {
    if (!Array.isArray(files)) continue;
    for (const [index, bytes] of files.entries()) {
      let better = mended.get(bytes);
      if (better === undefined) {
        const read: Message = file.deserialize(bytes);
        const changed = (read.messageType ?? []).filter((message) => nameEntries(message)).length > 0;
        better = changed ? file.serialize(read) : bytes;
        mended.set(bytes, better).set(better, better);
      }
      files[index] = better;
    }
  }
  return found;
}

/** What is looked at of a message in descriptor.proto. */
interface Message {
  name?: string;
  readonly messageType?: readonly Message[];
  readonly nestedType?: readonly Message[];
  readonly field?: readonly { readonly name?: string; typeName?: string }[];
  readonly options?: { readonly mapEntry?: boolean } | null;
}

/** True when something had to be named. */
function nameEntries({ field = [], nestedType = [] }: Message): boolean {
  let changed = nestedType.filter((nested) => nameEntries(nested)).length > 0;
  for (const one of field) {
    const entry = nestedType.find(({ name, options }) => options?.mapEntry === true && name === one.typeName);
    const name = entryName(one.name ?? '');
    if (entry === undefined || entry.name === name) continue;
    entry.name = name;
    one.typeName = name;
    changed = true;
  }
  return changed;
}

/** @example entryName('by_room') // 'ByRoomEntry' */
function entryName(field: string): string {
  return `${field.replaceAll(/(?:^|_)([a-z0-9]?)/g, (_, letter: string) => letter.toUpperCase())}Entry`;
}
