import { credentials, makeClientConstructor, Metadata, type Client } from '@grpc/grpc-js';
import { loadSync, type ServiceDefinition } from '@grpc/proto-loader';

const name = 'millrace.waiting_room.v1.WaitingRoom';
const proto = new URL('../../../proto/waiting-room/v1/waiting_room.proto', import.meta.url).pathname;
const service = loadSync(proto, { longs: String })[name] as ServiceDefinition;
const Constructor = makeClientConstructor(service, name);

/** A client of the waiting room. `address` is what the start printed: `127.0.0.1:5001`. */
export function connect(address: string): Client {
  return new Constructor(address, credentials.createInsecure());
}

/** What goes along with a call: who calls, where that is asked, and a key that makes a command safe to repeat. */
export function metadataOf(entries: { readonly [name: string]: string | undefined }): Metadata {
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(entries)) if (value !== undefined) metadata.set(name, value);
  return metadata;
}

/** The description of a method: `CheckIn`. */
export function methodOf(method: string) {
  const found = service[method];
  if (found === undefined) throw new Error(`There is no method ${method}.`);
  return found;
}
