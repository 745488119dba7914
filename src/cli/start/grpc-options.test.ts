import { describe, expect, it } from 'vitest';
import { readSettings } from '../../config.ts';
import { MillraceError } from '../../errors.ts';
import { grpcChoice } from './grpc-options.ts';

const choice = (env: NodeJS.ProcessEnv, asked = false) => grpcChoice(readSettings(env), asked);

describe('gRPC', () => {
  it('is served when a port is set, or when it is asked for', async () => {
    expect(await choice({})).toEqual({ notServed: undefined });
    expect(await choice({ GRPC_PORT: '6001' })).toEqual({ options: { port: 6001 } });
    expect(await choice({}, true)).toEqual({ options: { port: 5001, orNextFree: true } });
    expect(await choice({ GRPC_PORT: '6001' }, true)).toEqual({ options: { port: 6001 } });
  });

  it('is not served to other machines without encryption, unless somebody says so', async () => {
    expect(await choice({ HOST: '0.0.0.0' }, true)).toMatchObject({
      notServed: expect.stringContaining('GRPC_PORT') as unknown,
    });
    expect(() => readSettings({ HOST: '0.0.0.0', GRPC_PORT: '5001' })).toThrow(/GRPC_PORT would be served without/);
    expect(await choice({ HOST: '0.0.0.0', GRPC_PORT: '5001', GRPC_PLAINTEXT: 'yes' })).toEqual({
      options: { port: 5001 },
    });
  });

  it('wants certificate and key together, and names the file that cannot be read', async () => {
    expect(() => readSettings({ GRPC_TLS_CERT: '/nowhere/a' })).toThrow(/GRPC_TLS_KEY is missing/);
    expect(() => readSettings({ GRPC_TLS_KEY: '/nowhere/a' })).toThrow(/GRPC_TLS_CERT is missing/);
    const missing = choice({
      HOST: '0.0.0.0',
      GRPC_PORT: '0',
      GRPC_TLS_CERT: '/nowhere/a',
      GRPC_TLS_KEY: '/nowhere/b',
    });
    await expect(missing).rejects.toThrow(MillraceError);
    await expect(missing).rejects.toThrow(/GRPC_TLS_CERT names a file that cannot be read \(ENOENT\)/);
  });
});
