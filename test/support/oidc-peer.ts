import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK } from 'jose';
import { Provider } from 'oidc-provider';
import { freePort } from './free-port.ts';

/** Who signs in next at the provider, without a person who clicks. */
export interface Person {
  readonly subject: string;
  readonly name: string;
  readonly roles: readonly string[];
}

interface Key {
  readonly privateKey: CryptoKey;
  readonly jwk: JWK;
}

const clientId = 'millrace';
const clientSecret = 'a secret that both know, for this test';

/** A real OpenID provider on this machine, whose people sign in by themselves, and whose keys the test has. */
export class OidcPeer implements AsyncDisposable {
  readonly issuer: string;
  readonly clientId = clientId;
  readonly clientSecret = clientSecret;
  person: Person = { subject: 'ada', name: 'Ada Example', roles: ['doctor'] };
  readonly #server: Server;
  readonly #redirectUri: string;
  #key: Key;
  #provider: Provider;

  private constructor(issuer: string, server: Server, redirectUri: string, key: Key) {
    this.issuer = issuer;
    this.#server = server;
    this.#redirectUri = redirectUri;
    this.#key = key;
    this.#provider = this.#makeProvider();
  }

  /** @param publicUrl of the server whose client it is */
  static async start(publicUrl: string): Promise<OidcPeer> {
    const port = await freePort();
    const server = createServer();
    const key = await newKey('first');
    const peer = new OidcPeer(`http://127.0.0.1:${port}`, server, `${publicUrl}/api/auth/oidc/callback`, key);
    server.on('request', (request, response) => void peer.#answer(request, response));
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    return peer;
  }

  get key(): Key {
    return this.#key;
  }

  /** From now on the provider signs with another key and knows none of those before. */
  async rotateKeys(): Promise<void> {
    this.#key = await newKey(`next-${Math.random().toString(36).slice(2)}`);
    this.#provider = this.#makeProvider();
  }

  /** An access token of the provider's own for a program. */
  async clientToken(): Promise<string> {
    const response = await fetch(`${this.issuer}/token`, {
      method: 'POST',
      headers: {
        authorization: `Basic ${Buffer.from(`${clientId}:${encodeURIComponent(clientSecret)}`).toString('base64')}`,
        'content-type': 'application/x-www-form-urlencoded',
      },
      body: new URLSearchParams({ grant_type: 'client_credentials', resource: 'urn:millrace' }),
    });
    const answer = (await response.json()) as { access_token?: string };
    if (answer.access_token === undefined) throw new Error(`The provider gave no token: ${JSON.stringify(answer)}`);
    return answer.access_token;
  }

  /** A token that is signed with a key of the provider and says what the test wants. */
  sign(
    claims: object,
    { key = this.#key, expires = '5 minutes' }: { key?: Key; expires?: string } = {},
  ): Promise<string> {
    return new SignJWT({ roles: ['doctor'], ...claims })
      .setProtectedHeader({ alg: 'ES256', kid: key.jwk.kid ?? '' })
      .setIssuedAt()
      .setExpirationTime(expires)
      .sign(key.privateKey);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }

  #makeProvider(): Provider {
    const provider = new Provider(this.issuer, {
      clients: [
        {
          client_id: clientId,
          client_secret: clientSecret,
          redirect_uris: [this.#redirectUri],
          grant_types: ['authorization_code', 'client_credentials'],
          response_types: ['code'],
          id_token_signed_response_alg: 'ES256',
        },
      ],
      jwks: { keys: [this.#key.jwk] },
      cookies: { keys: ['of this test'] },
      claims: { openid: ['sub', 'roles'], profile: ['name', 'preferred_username'] },
      // As the specification wants it: what the profile holds is told at the userinfo endpoint, and not in the ID token.
      conformIdTokenClaims: true,
      findAccount: (_context, subject) => ({
        accountId: subject,
        claims: () => ({
          sub: subject,
          name: this.person.name,
          preferred_username: this.person.subject,
          roles: [...this.person.roles],
        }),
      }),
      extraTokenClaims: () => ({ roles: ['operator'] }),
      features: {
        devInteractions: { enabled: false },
        clientCredentials: { enabled: true },
        resourceIndicators: {
          enabled: true,
          getResourceServerInfo: () => ({
            scope: '',
            audience: clientId,
            accessTokenFormat: 'jwt',
            jwt: { sign: { alg: 'ES256' } },
          }),
        },
      },
    });
    return provider;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.url?.startsWith('/interaction/') !== true) {
      await this.#provider.callback()(request, response);
      return;
    }
    const { prompt, params, session } = await this.#provider.interactionDetails(request, response);
    if (prompt.name === 'login') {
      await this.#provider.interactionFinished(request, response, { login: { accountId: this.person.subject } });
      return;
    }
    const grant = new this.#provider.Grant({
      accountId: session?.accountId ?? '',
      clientId: String(params['client_id']),
    });
    grant.addOIDCScope('openid profile email');
    const grantId = await grant.save();
    await this.#provider.interactionFinished(
      request,
      response,
      { consent: { grantId } },
      { mergeWithLastSubmission: true },
    );
  }
}

async function newKey(kid: string): Promise<Key> {
  const { privateKey } = await generateKeyPair('ES256', { extractable: true });
  return { privateKey, jwk: { ...(await exportJWK(privateKey)), kid, alg: 'ES256', use: 'sig' } };
}

/** A browser as far as it matters here: keeps cookies by host, follows redirects, and tells where it came to. */
export class Browser {
  readonly #cookies = new Map<string, Map<string, string>>();

  cookiesOf(url: string): string {
    return [...(this.#cookies.get(new URL(url).host) ?? [])].map(([name, value]) => `${name}=${value}`).join('; ');
  }

  /** Asks once. */
  async visit(url: string): Promise<Response> {
    const jar = this.#cookies.get(new URL(url).host) ?? new Map<string, string>();
    this.#cookies.set(new URL(url).host, jar);
    const response = await fetch(url, { redirect: 'manual', headers: { cookie: this.cookiesOf(url) } });
    for (const cookie of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
      if (value === '') jar.delete(name);
      else jar.set(name, value);
    }
    return response;
  }

  /** Follows redirects until `stop` says that the next address is enough, or there is no more. */
  async follow(
    url: string,
    stop: (next: URL) => boolean,
  ): Promise<{ readonly url: string; readonly response: Response }> {
    let at = url;
    for (;;) {
      const response = await this.visit(at);
      const location = response.headers.get('location');
      if (location === null) return { url: at, response };
      at = new URL(location, at).href;
      if (stop(new URL(at))) return { url: at, response };
      await response.arrayBuffer();
    }
  }
}
