import { randomBytes } from 'node:crypto';
import { text } from 'node:stream/consumers';
import { checkRoles } from '../../access/account-rules.ts';
import type { Account } from '../../access/principal.ts';
import { MillraceError } from '../../errors.ts';
import type { AccessOptions, AddAccountOptions, ChangeAccountOptions } from '../commands/accounts.ts';
import { alignColumns, type Terminal } from '../terminal.ts';
import { changeBy, onEventStore } from './on-event-store.ts';

/** `millrace accounts list` */
export async function listAccounts(options: AccessOptions, terminal: Terminal): Promise<void> {
  const accounts = await onEventStore(options, terminal, (access) => access.listAccounts());
  if (options.json === true) {
    terminal.out(JSON.stringify({ accounts }));
    return;
  }
  const rows = accounts.map((account) => [
    account.userName,
    account.displayName,
    account.roles.join(', '),
    stateOf(account),
  ]);
  for (const line of alignColumns([['user name', 'name', 'roles', 'state'], ...rows])) terminal.out(line);
}

/** `millrace accounts add` */
export async function addAccount(userName: string, options: AddAccountOptions, terminal: Terminal): Promise<void> {
  const { given, password } = await passwordFor(options.passwordStdin === true);
  const account = await onEventStore(options, terminal, (access, { roles }) => {
    checkRoles(options.role, roles);
    const { displayName = userName, role } = options;
    return access.addAccount({ userName, displayName, password, roles: role }, changeBy(options));
  });
  tell(account, given ? undefined : password, options, terminal);
}

/** `millrace accounts change` */
export async function changeAccount(
  userName: string,
  options: ChangeAccountOptions,
  terminal: Terminal,
): Promise<void> {
  const { displayName, role, activate, deactivate } = options;
  if (activate === true && deactivate === true) throw new MillraceError('USAGE', 'Say --activate or --deactivate.');
  const wantsPassword = options.password === true || options.passwordStdin === true;
  const made = wantsPassword ? await passwordFor(options.passwordStdin === true) : undefined;
  const change = {
    ...(displayName === undefined ? {} : { displayName }),
    ...(role === undefined ? {} : { roles: role }),
    ...(activate === true ? { active: true } : deactivate === true ? { active: false } : {}),
    ...(made === undefined ? {} : { password: made.password }),
  };
  if (Object.keys(change).length === 0) throw new MillraceError('USAGE', 'Say what to change.');
  const account = await onEventStore(options, terminal, async (access, { roles, administrators }) => {
    if (role !== undefined) checkRoles(role, roles);
    const named = (await access.listAccounts()).filter((one) => one.userName.toLowerCase() === userName.toLowerCase());
    // A provider may call somebody by a name that an account has here.
    const known = named.find(({ byProvider }) => !byProvider) ?? named[0];
    if (known === undefined) throw new MillraceError('ACCOUNT_UNKNOWN', `There is no account ${userName}.`);
    return access.changeAccount(known.accountId, change, changeBy(options), administrators);
  });
  tell(account, made?.given === false ? made.password : undefined, options, terminal);
}

/** The password that came in, or a new one: 120 random bits, in groups that can be read out. */
async function passwordFor(fromStdin: boolean): Promise<{ readonly given: boolean; readonly password: string }> {
  if (fromStdin) return { given: true, password: (await text(process.stdin)).replace(/\r?\n$/, '') };
  const letters = randomBytes(15).toString('hex');
  return { given: false, password: letters.match(/.{5}/g)?.join('-') ?? letters };
}

function tell(account: Account, password: string | undefined, { json }: AccessOptions, terminal: Terminal): void {
  if (json === true) {
    terminal.out(JSON.stringify({ ...account, ...(password === undefined ? {} : { password }) }));
    return;
  }
  terminal.out(`${account.userName} (${account.displayName}): ${account.roles.join(', ')}, ${stateOf(account)}`);
  if (password !== undefined) terminal.out(`Password: ${password}   It is shown this once.`);
}

function stateOf({ active, byProvider }: Account): string {
  return `${active ? 'active' : 'deactivated'}${byProvider ? ', signs in at the provider' : ''}`;
}
