import type { MillraceServer } from './route-module.ts';

/**
 * Says once that requests come through a proxy that `TRUSTED_PROXIES` does not name: then everybody has the proxy's
 * address, and a few dozen wrong passwords of one keep all others from signing in.
 */
export function watchForUnnamedProxy(server: MillraceServer): void {
  let isSaid = false;
  server.addHook('onRequest', (request, _reply, done) => {
    if (!isSaid && request.headers['x-forwarded-for'] !== undefined) {
      isSaid = true;
      server.log.warn(
        { setting: 'TRUSTED_PROXIES' },
        'requests come through a proxy that TRUSTED_PROXIES does not name: wrong sign-ins of all who use it are counted together',
      );
    }
    done();
  });
}
