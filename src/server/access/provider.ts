import type { ProviderIdentity } from '../../access/access.ts';
import type { Principal } from '../../access/principal.ts';

/** Where the provider sends browsers back to. */
export const callbackPath = '/api/auth/oidc/callback';

/** A sign-in that is under way at the provider: what has to be known when the browser comes back. */
export interface ProviderFlow {
  /** Where the browser goes. */
  readonly url: string;
  /** Kept until it comes back, under a secret that the browser holds in a cookie. */
  readonly content: { readonly state: string; readonly nonce: string; readonly verifier: string };
}

/** A provider that signs people in. */
export interface Provider {
  /** Begins a sign-in. Throws AUTH_PROVIDER_UNAVAILABLE. */
  begin(): Promise<ProviderFlow>;
  /**
   * Who has signed in, when the browser comes back.
   * @param query what came with it, with the leading `?`
   * Throws AUTH_PROVIDER_REFUSED when the answer is none of this sign-in, AUTH_PROVIDER_UNAVAILABLE.
   */
  finish(query: string, content: ProviderFlow['content']): Promise<ProviderIdentity>;
  /** Who holds a token of the provider; undefined when it is none, not for us, or over. Throws AUTH_PROVIDER_UNAVAILABLE. */
  holderOf(
    token: string,
  ): Promise<{ readonly principal: Principal; readonly issuer: string; readonly subject: string } | undefined>;
}
