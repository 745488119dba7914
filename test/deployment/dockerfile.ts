import { DockerfileParser } from 'dockerfile-ast';
import { readRepositoryFile } from '../unit/repository/repository-files.ts';

/** One line of a Dockerfile, in capitals, with what follows it. */
export interface Instruction {
  readonly keyword: string;
  readonly rest: string;
  /** The line in the file, counted from 1. */
  readonly line: number;
}

/** What stands between one FROM and the next. */
export interface Stage {
  readonly name: string;
  /** An image, or the name of another stage. */
  readonly from: string;
  readonly instructions: readonly Instruction[];
}

/** The stages of a Dockerfile, with the values of ARG in FROM. */
export function stagesOf(text = readRepositoryFile('Dockerfile')): ReadonlyMap<string, Stage> {
  const stages: { name: string; from: string; instructions: Instruction[] }[] = [];
  const args = new Map<string, string>();
  for (const instruction of DockerfileParser.parse(text).getInstructions()) {
    const keyword = instruction.getKeyword();
    // With its flags, which the parser keeps apart.
    const range = instruction.getRange();
    const rest = range === null ? '' : written(text, range).slice(keyword.length).trim();
    if (keyword === 'FROM') {
      const [from = '', , name = ''] = rest.split(/\s+/);
      const value = from.replaceAll(/\$\{(\w+)\}/g, (whole, arg: string) => args.get(arg) ?? whole);
      stages.push({ name, from: value, instructions: [] });
    } else if (keyword === 'ARG' && stages.length === 0) {
      const [arg = '', ...value] = rest.split('=');
      args.set(arg, value.join('='));
    } else {
      stages.at(-1)?.instructions.push({ keyword, rest, line: (range?.start.line ?? 0) + 1 });
    }
  }
  return new Map(stages.map((stage) => [stage.name, stage]));
}

/** What stands in some lines, joined where `\` goes on in the next one. */
function written(text: string, range: { readonly start: { line: number }; readonly end: { line: number } }): string {
  const lines = text.split('\n').slice(range.start.line, range.end.line + 1);
  return lines.join('\n').replaceAll(/\\\n\s*/g, '');
}

/** The stage and those that it is made from, the first one first. */
export function chainOf(name: string, stages = stagesOf()): readonly Stage[] {
  const stage = stages.get(name);
  if (stage === undefined) return [];
  return [...chainOf(stage.from, stages), stage];
}

/** What an image is started with. */
export interface ImageSettings {
  readonly env: Readonly<Record<string, string>>;
  readonly user: string;
  readonly workdir: string;
  readonly entrypoint: readonly string[];
  readonly cmd: readonly string[];
  readonly healthcheck: readonly string[];
}

/** The words of `["node", "x"]`. Throws for the other way of writing a command, which needs a shell. */
export function wordsOf(json: string): readonly string[] {
  const words: unknown = JSON.parse(json);
  if (!Array.isArray(words) || !words.every((word) => typeof word === 'string')) throw new Error(`No words: ${json}`);
  return words;
}

export function settingsOf(name: string, stages = stagesOf()): ImageSettings {
  const all = chainOf(name, stages).flatMap(({ instructions }) => instructions);
  const last = (keyword: string) => all.findLast((one) => one.keyword === keyword)?.rest ?? '';
  const env: Record<string, string> = {};
  for (const { keyword, rest } of all) {
    if (keyword !== 'ENV') continue;
    for (const pair of rest.split(/\s+/)) env[pair.slice(0, pair.indexOf('='))] = pair.slice(pair.indexOf('=') + 1);
  }
  return {
    env,
    user: last('USER'),
    workdir: last('WORKDIR'),
    entrypoint: wordsOf(last('ENTRYPOINT')),
    cmd: wordsOf(last('CMD')),
    healthcheck: wordsOf(last('HEALTHCHECK').replace(/^.*?\bCMD /, '')),
  };
}
