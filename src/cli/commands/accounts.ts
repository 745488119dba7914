import { Command } from 'commander';
import { collect } from '../option-values.ts';
import type { Terminal } from '../terminal.ts';

/** What every command about accounts and API keys takes. */
export interface AccessOptions {
  readonly app?: string;
  readonly json?: boolean;
  readonly reason?: string;
}

export interface AddAccountOptions extends AccessOptions {
  readonly role: readonly string[];
  readonly displayName?: string;
  readonly passwordStdin?: boolean;
}

export interface ChangeAccountOptions extends AccessOptions {
  readonly role?: readonly string[];
  readonly displayName?: string;
  readonly activate?: boolean;
  readonly deactivate?: boolean;
  readonly password?: boolean;
  readonly passwordStdin?: boolean;
}

const appOption = 'file of the application (default: "millrace": { "app": … } in package.json)';

/** `millrace accounts` */
export function accountsCommand(terminal: Terminal): Command {
  const command = new Command('accounts')
    .description('who may sign in; works on the event store, beside a running server or without one')
    .addHelpText('after', '\nExample:\n  millrace accounts add anna --role administrator');
  command
    .command('list')
    .description('list the accounts')
    .option('--app <file>', appOption)
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  millrace accounts list')
    .action(async (options: AccessOptions) => {
      const { listAccounts } = await import('../access/accounts.ts');
      await listAccounts(options, terminal);
    });
  command
    .command('add')
    .description('add an account; without --password-stdin it gets a password that is printed once')
    .argument('<user-name>', 'what the person signs in by')
    .requiredOption('--role <role>', 'what the person may do; repeatable', collect)
    .option('--display-name <name>', 'name of the person (default: the user name)')
    .option('--password-stdin', 'read the password from standard input')
    .option('--reason <text>', 'why; it is kept')
    .option('--app <file>', appOption)
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  millrace accounts add anna --role administrator --display-name "Anna Ruiz"')
    .action(async (userName: string, options: AddAccountOptions) => {
      const { addAccount } = await import('../access/accounts.ts');
      await addAccount(userName, options, terminal);
    });
  command
    .command('change')
    .description('change an account; other roles, another password and --deactivate end its sign-ins')
    .argument('<user-name>', 'what the person signs in by')
    .option('--role <role>', 'the roles from now on; repeatable', collect)
    .option('--display-name <name>', 'name of the person')
    .option('--deactivate', 'nobody can sign in with it any more')
    .option('--activate', 'take that back')
    .option('--password', 'make a new password and print it once')
    .option('--password-stdin', 'read a new password from standard input')
    .option('--reason <text>', 'why; it is kept')
    .option('--app <file>', appOption)
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  millrace accounts change anna --deactivate --reason "left on 1 May"')
    .action(async (userName: string, options: ChangeAccountOptions) => {
      const { changeAccount } = await import('../access/accounts.ts');
      await changeAccount(userName, options, terminal);
    });
  return command;
}
