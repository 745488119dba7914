import { Command } from 'commander';
import { collect, wholeNumber } from '../option-values.ts';
import type { Terminal } from '../terminal.ts';
import type { AccessOptions } from './accounts.ts';

export interface AddApiKeyOptions extends AccessOptions {
  readonly role: readonly string[];
  readonly days?: number;
}

const appOption = 'file of the application (default: "millrace": { "app": … } in package.json)';

/** `millrace api-keys` */
export function apiKeysCommand(terminal: Terminal): Command {
  const command = new Command('api-keys')
    .description('keys for programs and devices; works on the event store, beside a running server or without one')
    .addHelpText('after', '\nExample:\n  millrace api-keys add monitoring --role operator --days 90');
  command
    .command('list')
    .description('list the API keys, without the keys themselves')
    .option('--app <file>', appOption)
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  millrace api-keys list')
    .action(async (options: AccessOptions) => {
      const { listApiKeys } = await import('../access/api-keys.ts');
      await listApiKeys(options, terminal);
    });
  command
    .command('add')
    .description('add an API key, and print it: this once')
    .argument('<name>', 'what it is for')
    .requiredOption('--role <role>', 'what its holder may do; repeatable', collect)
    .option('--days <n>', 'expires after so many days (default: never)', wholeNumber(1, 3_650))
    .option('--reason <text>', 'why; it is kept')
    .option('--app <file>', appOption)
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  millrace api-keys add monitoring --role operator --days 90')
    .action(async (name: string, options: AddApiKeyOptions) => {
      const { addApiKey } = await import('../access/api-keys.ts');
      await addApiKey(name, options, terminal);
    });
  command
    .command('revoke')
    .description('revoke an API key')
    .argument('<key-id>', 'its id, from the list')
    .option('--reason <text>', 'why; it is kept')
    .option('--app <file>', appOption)
    .addHelpText('after', '\nExample:\n  millrace api-keys revoke 7c3f2f0e-3f0c-4b62-8a8e-3b3a5f2f9d11')
    .action(async (keyId: string, options: AccessOptions) => {
      const { revokeApiKey } = await import('../access/api-keys.ts');
      await revokeApiKey(keyId, options, terminal);
    });
  return command;
}
