import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import { formatUuid } from '#millrace';

/**
 * The link on a patient's phone. Its token is the visit's id and a keyed hash of it, so nobody can make one up, and no
 * table has to hold it. Whoever has it sees what the public page of that visit shows, and nothing else.
 */
export class VisitLinks {
  readonly #key: Buffer;

  /** `secret`: the application's own; the key of the links is derived from it. */
  constructor(secret: string) {
    this.#key = Buffer.from(hkdfSync('sha256', secret, '', 'millrace waiting room visit links', 32));
  }

  /** The path of the patient's page. @example linkOf('visit-019a…') // '/v/AZr…' */
  linkOf(visitId: string): string {
    return `/v/${this.tokenOf(visitId)}`;
  }

  tokenOf(visitId: string): string {
    const id = Buffer.from(visitId.slice('visit-'.length).replaceAll('-', ''), 'hex');
    return Buffer.concat([id, this.#signatureOf(id)]).toString('base64url');
  }

  /** The visit that a token stands for; undefined for one that this application never gave. */
  visitOf(token: string): string | undefined {
    const bytes = Buffer.from(token, 'base64url');
    // One token, one spelling: what decodes to the same bytes in another way was not given by us.
    if (bytes.length !== 32 || bytes.toString('base64url') !== token) return undefined;
    const id = bytes.subarray(0, 16);
    if (!timingSafeEqual(bytes.subarray(16), this.#signatureOf(id))) return undefined;
    return `visit-${formatUuid(id)}`;
  }

  #signatureOf(id: Buffer): Buffer {
    return createHmac('sha256', this.#key).update(id).digest().subarray(0, 16);
  }
}
