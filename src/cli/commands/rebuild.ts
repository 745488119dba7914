import { Command } from 'commander';
import type { Terminal } from '../terminal.ts';

export interface RebuildOptions {
  readonly url?: string;
  readonly json?: boolean;
}

/** `millrace rebuild` */
export function rebuildCommand(terminal: Terminal): Command {
  return new Command('rebuild')
    .description('build a read model anew from the log and swap it in; readers see the old one until then')
    .argument('[projection]', 'id of the projection (default: all, one after the other)')
    .option('--url <url>', 'where the server is (default: MILLRACE_URL, or the one that runs here)')
    .option('--json', 'print one JSON object')
    .addHelpText('after', '\nExample:\n  millrace rebuild')
    .action(async (projection: string | undefined, options: RebuildOptions) => {
      const { rebuild } = await import('../operate/rebuild.ts');
      await rebuild(projection, options, terminal);
    });
}
