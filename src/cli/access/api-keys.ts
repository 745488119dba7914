import { checkRoles } from '../../access/account-rules.ts';
import { MillraceError } from '../../errors.ts';
import type { AccessOptions } from '../commands/accounts.ts';
import type { AddApiKeyOptions } from '../commands/api-keys.ts';
import { alignColumns, type Terminal } from '../terminal.ts';
import { changeBy, onEventStore } from './on-event-store.ts';

const day = 24 * 3_600_000;
const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** `millrace api-keys list` */
export async function listApiKeys(options: AccessOptions, terminal: Terminal): Promise<void> {
  const apiKeys = await onEventStore(options, terminal, (access) => access.listApiKeys());
  if (options.json === true) {
    terminal.out(JSON.stringify({ apiKeys }));
    return;
  }
  const rows = apiKeys.map(({ keyId, name, roles, expiresAt, revokedAt }) => [
    keyId,
    name,
    roles.join(', '),
    revokedAt === null ? `until ${expiresAt ?? 'revoked'}` : `revoked ${revokedAt}`,
  ]);
  for (const line of alignColumns([['id', 'name', 'roles', 'good'], ...rows])) terminal.out(line);
}

/** `millrace api-keys add` */
export async function addApiKey(name: string, options: AddApiKeyOptions, terminal: Terminal): Promise<void> {
  const { apiKey, key } = await onEventStore(options, terminal, (access, { roles }) => {
    checkRoles(options.role, roles);
    const expiresAt = options.days === undefined ? undefined : Date.now() + options.days * day;
    return access.addApiKey({ name, roles: options.role, expiresAt }, changeBy(options));
  });
  if (options.json === true) terminal.out(JSON.stringify({ ...apiKey, key }));
  else terminal.out(key);
  if (options.json !== true)
    terminal.err(`The key of ${apiKey.keyId} (${apiKey.roles.join(', ')}) is shown this once.`);
}

/** `millrace api-keys revoke` */
export async function revokeApiKey(keyId: string, options: AccessOptions, terminal: Terminal): Promise<void> {
  if (!uuid.test(keyId))
    throw new MillraceError('USAGE', 'The id of a key is a UUID; "millrace api-keys list" shows it.');
  await onEventStore(options, terminal, (access) => access.revokeApiKey(keyId, changeBy(options)));
  terminal.out(`Revoked: ${keyId}`);
}
