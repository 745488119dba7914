import type { Command } from 'commander';
import { createProgram } from './program.ts';
import type { Terminal } from './terminal.ts';

/** The help of one command as it is printed. */
export interface HelpSection {
  /** `millrace dead-letters list` */
  readonly name: string;
  readonly help: string;
}

/** The help of all commands, in the order in which they are listed. */
export function helpSections(): HelpSection[] {
  const sections: HelpSection[] = [];
  let written = '';
  const terminal: Terminal = {
    out: (line) => {
      written += `${line}\n`;
    },
    err: () => undefined,
    progress: () => undefined,
    endProgress: () => undefined,
  };
  const visit = (command: Command, path: string) => {
    // The width of whoever runs this must not matter.
    command.configureHelp({ helpWidth: 110 });
    written = '';
    command.outputHelp();
    sections.push({ name: path, help: written.trim() });
    for (const part of command.commands) visit(part, `${path} ${part.name()}`);
  };
  visit(createProgram(terminal), 'millrace');
  return sections;
}

const begin = '<!-- help -->';
const end = '<!-- /help -->';

/** The page with the help between its two marks replaced. */
export function replaceHelp(page: string, sections: readonly HelpSection[]): string {
  const blocks = sections.map(({ name, help }) => `### ${name}\n\n\`\`\`text\n${help}\n\`\`\`\n`);
  const [before = '', rest = ''] = page.split(begin);
  const after = rest.split(end)[1] ?? '';
  return `${before}${begin}\n\n${blocks.join('\n')}\n${end}${after}`;
}
