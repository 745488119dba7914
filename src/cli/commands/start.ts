import { Command } from 'commander';
import type { Role } from '../../running-system.ts';
import { oneOf } from '../option-values.ts';
import type { Terminal } from '../terminal.ts';

export interface StartOptions {
  readonly app?: string;
  readonly role?: readonly Role[];
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
    .addHelpText('after', '\nExample:\n  PORT=8080 millrace start\n  millrace start --role relay --role projector')
    .action(async (options: StartOptions) => {
      const { start } = await import('../start/start.ts');
      await start(options, terminal);
    });
}
