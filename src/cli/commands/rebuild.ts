import { Command, Option } from 'commander';
import type { Terminal } from '../terminal.ts';

/** What can be asked instead of a new rebuild. */
export const rebuildActions = ['pause', 'resume', 'abandon', 'confirm', 'go-back', 'drop-old'] as const;
export type RebuildActionName = (typeof rebuildActions)[number];

export interface RebuildOptions {
  readonly url?: string;
  readonly json?: boolean;
  readonly reason?: string;
  readonly acceptDifferences?: boolean;
  readonly pause?: boolean;
  readonly resume?: boolean;
  readonly abandon?: boolean;
  readonly confirm?: boolean;
  readonly goBack?: boolean;
  readonly dropOld?: boolean;
}

const descriptions: { readonly [Action in RebuildActionName]: string } = {
  pause: 'hold the rebuild under way',
  resume: 'go on with it',
  abandon: 'end it and remove what it has built',
  confirm: 'swap, although other code made another read model',
  'go-back': 'make the build before the live one live again, at the same position',
  'drop-old': 'remove the build before the live one',
};

/** `millrace rebuild` */
export function rebuildCommand(terminal: Terminal): Command {
  const command = new Command('rebuild')
    .description('build a read model anew from the log and swap it in; readers see the old one until then')
    .argument('[projection]', 'id of the projection (default: all, one after the other)')
    .option('--url <url>', 'where the server is (default: MILLRACE_URL, or the one that runs here)')
    .option('--json', 'print one JSON object')
    .option('--reason <text>', 'why; it is kept')
    .option('--accept-differences', 'swap although the same code made another read model; wants --reason');
  for (const action of rebuildActions) {
    const others = rebuildActions.filter((other) => other !== action).map(camelCase);
    command.addOption(new Option(`--${action}`, descriptions[action]).conflicts([...others, 'acceptDifferences']));
  }
  return command
    .addHelpText('after', '\nExample:\n  millrace rebuild')
    .action(async (projection: string | undefined, options: RebuildOptions) => {
      const { rebuild, askOfRebuild } = await import('../operate/rebuild.ts');
      const action = actionIn(options);
      if (action === undefined) await rebuild(projection, options, terminal);
      else await askOfRebuild(action, projection, options, terminal);
    });
}

function actionIn(options: RebuildOptions): RebuildActionName | undefined {
  const { pause, resume, abandon, confirm, goBack, dropOld } = options;
  const given = { pause, resume, abandon, confirm, 'go-back': goBack, 'drop-old': dropOld };
  return rebuildActions.find((action) => given[action] === true);
}

function camelCase(name: string): string {
  return name.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}
