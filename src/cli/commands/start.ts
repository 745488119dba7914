import { Command } from 'commander';
import type { Role } from '../../running-system.ts';
import { oneOf } from '../option-values.ts';
import type { Terminal } from '../terminal.ts';

export interface StartOptions {
  readonly app?: string;
  readonly role?: readonly Role[];
  readonly grpc?: boolean;
}

/** `millrace start` */
export function startCommand(terminal: Terminal): Command {
  return new Command('start')
    .description('run the application; PostgreSQL comes along unless EVENT_STORE_URL and READ_MODELS_URL are set')
    .option('--app <file>', 'file of the application (default: "millrace": { "app": … } in package.json)')
    .option(
      '--role <role>',
      'run only this part: api, relay or projector; repeatable',
      oneOf(['api', 'relay', 'projector']),
    )
    .option('--grpc', 'serve gRPC, on port 5001 or the next free one unless GRPC_PORT says where')
    .addHelpText('after', '\nExample:\n  PORT=8080 millrace start\n  millrace start --role relay --role projector')
    .action(async (options: StartOptions) => {
      const { start } = await import('../start/start.ts');
      await start(options, terminal);
    });
}
