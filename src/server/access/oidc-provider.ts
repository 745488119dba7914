import { createRemoteJWKSet, errors as joseErrors, jwtVerify, type JWTPayload, type JWTVerifyGetKey } from 'jose';
import * as client from 'openid-client';
import type { ProviderIdentity } from '../../access/access.ts';
import type { Principal } from '../../access/principal.ts';
import { MillraceError } from '../../errors.ts';
import { isLoopback } from '../../config.ts';
import type { ProviderSettings } from './access-settings.ts';
import { identityFrom, rolesFrom } from './claims.ts';
import { callbackPath, type Provider, type ProviderFlow } from './provider.ts';

/** Signatures with the provider's private key. None of a shared secret, which would let whoever checks a token make one. */
const algorithms = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
];
/** Seconds that clocks may differ. */
const clockTolerance = 5;
/** A key that is not known is looked for no more often, in milliseconds: whoever sends nonsense must not keep us asking. */
const keyCooldownMs = 10_000;
const timeoutMs = 5_000;

interface Discovered {
  readonly configuration: client.Configuration;
  readonly keys: JWTVerifyGetKey;
}

/** A provider found by its issuer, asked for what it is when it is first needed, and again as long as it did not answer. */
export class OidcProvider implements Provider {
  readonly #settings: ProviderSettings;
  readonly #roles: readonly string[];
  readonly #keyCooldownMs: number;
  #discovered: Promise<Discovered> | undefined;

  /** @param roles all that there are; others that a token names are passed over */
  constructor(settings: ProviderSettings, roles: readonly string[]) {
    this.#settings = settings;
    this.#roles = roles;
    this.#keyCooldownMs = settings.keyCooldownMs ?? keyCooldownMs;
  }

  async begin(): Promise<ProviderFlow> {
    const { configuration } = await this.#discover();
    const content = {
      state: client.randomState(),
      nonce: client.randomNonce(),
      verifier: client.randomPKCECodeVerifier(),
    };
    const url = client.buildAuthorizationUrl(configuration, {
      redirect_uri: this.#settings.publicUrl + callbackPath,
      scope: 'openid profile email',
      state: content.state,
      nonce: content.nonce,
      code_challenge: await client.calculatePKCECodeChallenge(content.verifier),
      code_challenge_method: 'S256',
    });
    return { url: url.href, content };
  }

  async finish(query: string, { state, nonce, verifier }: ProviderFlow['content']): Promise<ProviderIdentity> {
    const { configuration, keys } = await this.#discover();
    const { issuer, userinfo_endpoint: userinfo } = configuration.serverMetadata();
    try {
      const url = new URL(this.#settings.publicUrl + callbackPath + query);
      const checks = { expectedState: state, expectedNonce: nonce, pkceCodeVerifier: verifier, idTokenExpected: true };
      const tokens = await client.authorizationCodeGrant(configuration, url, checks);
      // Its signature as well, and not only where it came from.
      const { payload } = await jwtVerify(tokens.id_token ?? '', keys, this.#expected(issuer));
      const { sub: subject = '' } = payload;
      // Many providers tell names and roles there, and not in the ID token.
      const told =
        userinfo === undefined ? {} : await client.fetchUserInfo(configuration, tokens.access_token, subject);
      const claims = { ...told, ...payload };
      return identityFrom(issuer, subject, claims, rolesFrom(claims, this.#settings, this.#roles));
    } catch (error) {
      if (isAway(error)) throw unavailable(error);
      throw new MillraceError('AUTH_PROVIDER_REFUSED', 'The provider did not sign you in. Begin anew.', {
        cause: error,
      });
    }
  }

  async holderOf(token: string): Promise<{ principal: Principal; issuer: string; subject: string } | undefined> {
    const { configuration, keys } = await this.#discover();
    const { issuer } = configuration.serverMetadata();
    let claims: JWTPayload;
    try {
      ({ payload: claims } = await jwtVerify(token, keys, this.#expected(issuer)));
    } catch (error) {
      if (isAway(error)) throw unavailable(error);
      return undefined;
    }
    const { sub: subject = '', exp = 0 } = claims;
    // An ID token says to a page who somebody is; it is no right to do anything, and may lie about in logs.
    if ('nonce' in claims || 'at_hash' in claims) return undefined;
    const { userName, displayName, roles } = identityFrom(
      issuer,
      subject,
      claims,
      rolesFrom(claims, this.#settings, this.#roles),
    );
    const principal = {
      kind: 'token' as const,
      id: subject,
      name: userName,
      displayName,
      roles,
      expiresAt: exp * 1_000,
    };
    return { principal, issuer, subject };
  }

  /** What every token of the provider has to be like. */
  #expected(issuer: string) {
    return { issuer, audience: this.#settings.clientId, algorithms, clockTolerance, requiredClaims: ['exp', 'sub'] };
  }

  #discover(): Promise<Discovered> {
    this.#discovered ??= this.#ask().catch((error: unknown) => {
      this.#discovered = undefined;
      throw unavailable(error);
    });
    return this.#discovered;
  }

  async #ask(): Promise<Discovered> {
    const { issuer, clientId, clientSecret } = this.#settings;
    const url = new URL(issuer);
    const authentication = clientSecret === undefined ? client.None() : client.ClientSecretBasic(clientSecret);
    const configuration = await client.discovery(url, clientId, undefined, authentication, {
      timeout: timeoutMs / 1_000,
      // Nobody listens in between on the way within this machine.
      execute: url.protocol === 'http:' && isLoopback(url.hostname) ? [client.allowInsecureRequests] : [],
    });
    const { jwks_uri: jwksUri } = configuration.serverMetadata();
    if (jwksUri === undefined) throw new Error('The provider does not say where its keys are.');
    const keys = createRemoteJWKSet(new URL(jwksUri), {
      cooldownDuration: this.#keyCooldownMs,
      timeoutDuration: timeoutMs,
    });
    return { configuration, keys };
  }
}

/** Whether the provider did not answer, or not as one does. Everything else is about what was sent. */
function isAway(error: unknown): boolean {
  if (error instanceof joseErrors.JWKSTimeout) return true;
  // What jose says when the answer with the keys is none.
  if (error instanceof joseErrors.JOSEError) return error.code === 'ERR_JOSE_GENERIC';
  if (error instanceof client.ClientError) return error.code === 'OAUTH_TIMEOUT' || isAway(error.cause);
  // As `fetch` says that there is no connection.
  return error instanceof TypeError && error.message.includes('fetch');
}

function unavailable(cause: unknown): MillraceError {
  if (cause instanceof MillraceError) return cause;
  return new MillraceError('AUTH_PROVIDER_UNAVAILABLE', 'The provider does not answer.', { cause });
}
