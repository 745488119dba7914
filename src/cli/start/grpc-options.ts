import { readFile } from 'node:fs/promises';
import { isLoopback, type Settings } from '../../config.ts';
import { MillraceError } from '../../errors.ts';
import type { GrpcOptions } from '../../server/grpc/start-grpc-server.ts';

/** Where `millrace start --grpc` serves gRPC when no setting says so. */
const usualPort = 5_001;

/** How gRPC is served, or why it is not although it was asked for. */
export type GrpcChoice = { readonly options: GrpcOptions } | { readonly notServed: string | undefined };

/**
 * How the settings want gRPC served. Throws SETTING_INVALID when a file of its certificate cannot be read.
 * @param asked with `--grpc`: serve it although no setting says where, when that is safe
 */
export async function grpcChoice({ host, grpc }: Settings, asked: boolean): Promise<GrpcChoice> {
  if (grpc.port === undefined && !asked) return { notServed: undefined };
  const { certificate, key } = grpc;
  if (grpc.port === undefined && certificate === undefined && !grpc.plaintext && !isLoopback(host)) {
    return { notServed: 'gRPC is not served: other machines would reach it without encryption. See GRPC_PORT.' };
  }
  const where = grpc.port === undefined ? { port: usualPort, orNextFree: true } : { port: grpc.port };
  if (certificate === undefined || key === undefined) return { options: where };
  const tls = { certificate: await read('GRPC_TLS_CERT', certificate), key: await read('GRPC_TLS_KEY', key) };
  return { options: { ...where, tls } };
}

async function read(setting: string, file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (cause) {
    const reason = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown';
    throw new MillraceError('SETTING_INVALID', `${setting} names a file that cannot be read (${reason}).`, {
      cause,
      fields: [{ field: setting, problem: 'cannot be read' }],
    });
  }
}
