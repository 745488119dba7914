import { createHash } from 'node:crypto';
import stringify from 'safe-stable-stringify';
import { formatUuid } from '../events/event-id.ts';
import { MillraceError } from '../errors.ts';

/** A caller's idempotency key with what it is bound to. */
export interface KeyOfCommand {
  /** Who used it where, so that two callers or two routes never meet: actor and route. */
  readonly scope: string;
  /** What the caller sent as `Idempotency-Key`: 1 to 200 printable ASCII characters. */
  readonly value: string;
  /** The request as understood; another one under the same key is refused with KEY_REUSED. */
  readonly request: unknown;
}

/** The 128 bits that are stored: nothing of the caller's text stays. */
export function hashKey(key: KeyOfCommand): { readonly key: string; readonly requestHash: string } {
  if (!/^[\x20-\x7e]{1,200}$/.test(key.value)) {
    throw new MillraceError('KEY_INVALID', 'The idempotency key must be 1 to 200 printable ASCII characters.', {
      fields: [{ field: 'Idempotency-Key', problem: 'must be 1 to 200 printable ASCII characters' }],
    });
  }
  return { key: hash(`${key.scope}\n${key.value}`), requestHash: hash(stringify(key.request) ?? '') };
}

function hash(text: string): string {
  return formatUuid(createHash('sha256').update(text).digest().subarray(0, 16));
}
