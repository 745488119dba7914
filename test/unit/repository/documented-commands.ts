import { needsMore, runElsewhere } from '../../documented-commands.ts';
import { repositoryFiles } from './repository-files.ts';

/** A command of a document, joined where `\` or an open quotation goes on in the next line, without its comment. */
export interface DocumentedCommand {
  readonly document: string;
  readonly command: string;
}

const programs = /^(npm|npx|node|curl|psql|grpcurl)\b/;
const documents = [
  'README.md',
  'CONTRIBUTING.md',
  'docs/guides/*.md',
  'docs/GRAFANA.md',
  'docs/PROMETHEUS.md',
  'docs/runbook.md',
];

/** Every command of the documents that a reader would type and that runs one of Millrace's programs. */
export function documentedCommands(): readonly DocumentedCommand[] {
  return repositoryFiles(documents).flatMap(({ path: document, text }) =>
    [...text.matchAll(/^( *)```(?:bash|sh|shell|console)\n([\s\S]*?)^\1```/gm)].flatMap(([, , block = '']) =>
      joinLines(block.split('\n'))
        // `cd somewhere && npm ci`: what follows is the command.
        .map((line) => line.replace(/^\$ /, '').replace(/^cd \S+ && /, ''))
        .filter((line) => programs.test(line))
        .map((command) => ({ document, command })),
    ),
  );
}

/** The commands that work against an application that `npm start` has just started. */
export function commandsForFreshStart(): readonly DocumentedCommand[] {
  return documentedCommands().filter(
    ({ command }) =>
      !(command in runElsewhere) && !Object.keys(needsMore).some((beginning) => command.startsWith(beginning)),
  );
}

function joinLines(lines: readonly string[]): readonly string[] {
  const joined: string[] = [];
  let open: string | undefined;
  for (const line of lines) {
    const bare = line.trim();
    const whole: string = open === undefined ? bare : `${open} ${bare}`;
    const quotes = whole.replaceAll(/\\./g, '').match(/"(?:[^"]*)"|'(?:[^']*)'|["']/g) ?? [];
    if (whole.endsWith('\\')) open = whole.slice(0, -1).trim();
    else if (quotes.some((quote) => quote.length === 1)) open = whole;
    else {
      open = undefined;
      if (whole !== '' && !whole.startsWith('#')) joined.push(whole.replace(/\s{2,}#.*$/, '').trim());
    }
  }
  return joined;
}
