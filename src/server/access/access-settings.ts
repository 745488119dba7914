import { isLoopback } from '../../config.ts';
import type { SignInTimes } from '../../access/access.ts';

export { isLoopback };

/** Who may come in without saying who it is: everybody, with every role (a demonstration), or nobody. */
export type AccessMode = 'demo' | 'required';

/** A provider that signs people in: OpenID Connect. */
export interface ProviderSettings {
  /** `https://login.example/realms/shop` */
  readonly issuer: string;
  readonly clientId: string;
  /** Undefined for a public client. */
  readonly clientSecret: string | undefined;
  /** The claim that holds roles; a path with dots goes into objects. */
  readonly rolesClaim: string;
  /** From a value of that claim to a role; without an entry a value is taken for the role of that name. */
  readonly roleMapping: { readonly [value: string]: string };
  /** Where browsers find this server: `https://shop.example`. The provider sends them back to it. */
  readonly publicUrl: string;
  /** For tests: how often a key that is not known is looked for, in milliseconds. */
  readonly keyCooldownMs?: number;
}

/** How a server knows who sends a request. */
export interface AccessSettings {
  readonly mode: AccessMode;
  readonly times: SignInTimes;
  readonly provider?: ProviderSettings;
  /**
   * A demonstration that nobody asked for by name: visitors are let in by addresses of this machine only, so that no page
   * from elsewhere gets in through a host name that leads here.
   */
  readonly thisMachineOnly?: boolean;
}

export const defaultTimes: SignInTimes = { idleMs: 3_600_000, lifetimeMs: 12 * 3_600_000 };

/** What a server does that was not told. */
export function accessSettingsFor(host: string): AccessSettings {
  return isLoopback(host)
    ? { mode: 'demo', times: defaultTimes, thisMachineOnly: true }
    : { mode: 'required', times: defaultTimes };
}
