import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, copyFile, cp, glob, mkdir, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { repository } from '../../scripts/development-tool.ts';
import { readRepositoryFile } from '../unit/repository/repository-files.ts';
import { settingsOf, stagesOf, type ImageSettings, type Stage } from './dockerfile.ts';

/** What was written, and how it ended. */
export interface Outcome {
  readonly code: number | null;
  readonly output: string;
}

/** What `spawn` takes. */
export interface InsideCommand {
  readonly program: string;
  readonly args: readonly string[];
  readonly options: { readonly cwd: string; readonly env: NodeJS.ProcessEnv };
}

/** A program of an image that runs. */
export interface Container {
  readonly output: () => string;
  /** How another program is run in it: words, environment and folder. */
  readonly inside: (words: readonly string[]) => InsideCommand;
  /** Undefined while it runs. */
  readonly code: () => number | null | undefined;
  /** Runs another program in it. */
  exec(words: readonly string[]): Promise<Outcome>;
  stop(): Promise<Outcome>;
}

/** As the `node` user of the image; only root can become it. */
const nobody = ['--reuid=1000', '--regid=1000', '--clear-groups', '--inh-caps=-all', '--bounding-set=-all'];
const asOrdinary = process.getuid?.() === 0 ? nobody : [];

/**
 * The stages of the Dockerfile, built in folders instead of images: the same lines in the same order, COPY as it says, RUN in
 * a shell in the working folder, the commands as processes of this machine. A folder stands for `/`; paths in settings
 * that are those of the image are changed to it. What it cannot show is whether the base image is what it is taken for.
 */
export class ImageReplay {
  readonly #root: string;
  readonly #stages = stagesOf();
  readonly #built = new Map<string, Promise<void>>();

  private constructor(root: string) {
    this.#root = root;
  }

  static async build(targets: readonly string[]): Promise<ImageReplay> {
    const root = await mkdtemp(path.join(tmpdir(), 'millrace-images-'));
    await chmod(root, 0o755); // for the ordinary user
    const replay = new ImageReplay(root);
    try {
      await mkdir(path.join(root, 'bin'));
      await copyFile(process.execPath, path.join(root, 'bin', 'node'));
      for (const target of targets) await replay.#stage(target);
    } catch (error) {
      await replay.remove();
      throw error;
    }
    return replay;
  }

  remove(): Promise<void> {
    return rm(this.#root, { recursive: true, force: true });
  }

  /** The folder that holds the files of an image. */
  filesOf(target: string): string {
    let stage = this.#stages.get(target);
    // Stages that only add settings have the files of the one they come from.
    while (stage !== undefined && !stage.instructions.some(({ keyword }) => /^(RUN|COPY|ADD)$/.test(keyword))) {
      stage = this.#stages.get(stage.from);
    }
    return path.join(this.#root, stage?.name ?? target);
  }

  /** Starts the command of an image, or other words for it, with what somebody sets besides. */
  async run(
    target: string,
    env: Readonly<Record<string, string>>,
    words?: readonly string[],
    secrets?: string,
  ): Promise<Container> {
    const settings = settingsOf(target, this.#stages);
    const own = await mkdtemp(path.join(this.#root, `${target}-`));
    for (const name of ['tmp', 'secrets', 'log']) await mkdir(path.join(own, name));
    await chmod(own, 0o755);
    for (const name of ['tmp', 'log']) await chmod(path.join(own, name), 0o777);
    if (secrets !== undefined) {
      await copyFile(secrets, path.join(own, 'secrets', 'millrace.env'));
      await chmod(path.join(own, 'secrets', 'millrace.env'), 0o644);
    }
    const inside = (text: string) =>
      text
        .replaceAll('/run/secrets/', `${own}/secrets/`)
        .replace(/^\/tmp\b/, `${own}/tmp`)
        .replace(/^\/var\/log\b/, `${own}/log`);
    const place: Place = {
      cwd: path.join(this.#root, 'runtime', settings.workdir),
      env: this.#environment({ ...mapValues(settings.env, inside), ...env }, own),
    };
    const command = [...settings.entrypoint, ...(words ?? settings.cmd)].map(inside);
    return startContainer(place, command);
  }

  settings(target: string): ImageSettings {
    return settingsOf(target, this.#stages);
  }

  #environment(env: Readonly<Record<string, string>>, own: string): NodeJS.ProcessEnv {
    return { PATH: `${path.join(this.#root, 'bin')}:/usr/bin:/bin`, TMPDIR: path.join(own, 'tmp'), HOME: '/', ...env };
  }

  #stage(name: string): Promise<void> {
    const stage = this.#stages.get(name);
    if (stage === undefined) return Promise.resolve(); // a base image
    const begun = this.#built.get(name) ?? this.#build(stage);
    this.#built.set(name, begun);
    return begun;
  }

  async #build(stage: Stage): Promise<void> {
    const copied = stage.instructions.flatMap(({ rest }) => /^--from=(\S+)/.exec(rest)?.[1] ?? []);
    await Promise.all([stage.from, ...copied].map((needed) => this.#stage(needed)));
    const root = path.join(this.#root, stage.name);
    let workdir = '/';
    await mkdir(root, { recursive: true });
    for (const { keyword, rest, line } of stage.instructions) {
      if (keyword === 'WORKDIR') workdir = rest;
      const here = path.join(root, workdir);
      await mkdir(here, { recursive: true });
      if (keyword === 'COPY') await this.#copy(rest, root, here);
      if (keyword !== 'RUN') continue;
      const { code, output } = await ended(
        spawn('/bin/sh', ['-c', rest], { cwd: here, env: this.#buildEnvironment() }),
      );
      if (code !== 0) throw new Error(`Dockerfile:${line} ${rest}\nended with ${code}.\n${output}`);
    }
  }

  /** What npm needs to find its registry and its cache; nothing that this repository's npm told its children. */
  #buildEnvironment(): NodeJS.ProcessEnv {
    const own = /^npm_(package|lifecycle)_|^npm_config_local_prefix$|^INIT_CWD$|^VITEST|^NODE_ENV$/i;
    const given = Object.entries(process.env).filter(([name]) => !own.test(name));
    return {
      ...Object.fromEntries(given),
      PATH: `${path.join(this.#root, 'bin')}:${process.env['PATH'] ?? ''}`,
      npm_config_prefer_offline: 'true',
      NO_COLOR: '1',
    };
  }

  async #copy(rest: string, root: string, here: string): Promise<void> {
    const words = rest.split(/\s+/);
    const from = words.find((word) => word.startsWith('--from='))?.slice('--from='.length);
    const sources = words.filter((word) => !word.startsWith('--'));
    const named = sources.pop() ?? '.';
    const target = named.startsWith('/') ? path.join(root, named) : path.join(here, named);
    for (const source of sources) {
      if (from === undefined) await copyContext(source, target);
      else {
        const file = path.join(this.#root, from, source);
        const into = (await stat(file)).isDirectory() ? target : path.join(target, path.basename(file));
        await cp(file, into, { recursive: true, verbatimSymlinks: true });
      }
    }
  }
}

interface Place {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
}

function startContainer(place: Place, command: readonly string[]): Container {
  const inside = (words: readonly string[]): InsideCommand => ({
    program: '/usr/bin/setpriv',
    args: ['--pdeathsig=KILL', '--no-new-privs', ...asOrdinary, ...words],
    options: place,
  });
  const start = (words: readonly string[]) => {
    const { program, args, options } = inside(words);
    return spawn(program, args, options);
  };
  const child = start(command);
  const whole = ended(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (bytes: Buffer) => (output += bytes.toString()));
  }
  const code = () => (child.exitCode === null && child.signalCode === null ? undefined : child.exitCode);
  return {
    output: () => output,
    inside,
    code,
    exec: (words) => ended(start(words)),
    stop: () => {
      child.kill('SIGTERM');
      return whole;
    },
  };
}

function ended(child: ReturnType<typeof spawn>): Promise<Outcome> {
  const { promise, resolve, reject } = Promise.withResolvers<Outcome>();
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (bytes: Buffer) => (output += bytes.toString()));
  }
  child.once('error', reject);
  child.once('close', (code) => resolve({ code, output }));
  return promise;
}

function mapValues(values: Readonly<Record<string, string>>, change: (value: string) => string) {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, change(value)]));
}

/** Copies what COPY takes from the folder of the Dockerfile: without what .dockerignore keeps away. */
async function copyContext(source: string, target: string): Promise<void> {
  const from = path.normalize(source);
  for (const file of await contextFiles()) {
    if (from !== '.' && file !== from && !file.startsWith(`${from}/`)) continue;
    const into = path.join(target, from === '.' ? file : path.relative(path.dirname(from), file));
    await mkdir(path.dirname(into), { recursive: true });
    await copyFile(path.join(repository, file), into);
  }
}

/** The files that are sent to a builder. */
export async function contextFiles(): Promise<readonly string[]> {
  const isIgnored = dockerIgnore();
  const files: string[] = [];
  const exclude = (entry: { readonly name: string }) => entry.name === 'node_modules' || entry.name === '.git';
  for await (const entry of glob('**/*', { cwd: repository, withFileTypes: true, exclude })) {
    const file = path.relative(repository, path.join(entry.parentPath, entry.name));
    if (entry.isFile() && !isIgnored(file)) files.push(file);
  }
  for (const hidden of ['.npmrc', '.env', '.env.template']) {
    if (existsSync(path.join(repository, hidden)) && !isIgnored(hidden)) files.push(hidden);
  }
  return files;
}

/** The last line that matches a path, or a folder above it, decides. */
function dockerIgnore(): (file: string) => boolean {
  const lines = readRepositoryFile('.dockerignore')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
  return (file) => {
    const parts = file.split('/');
    const above = parts.map((_, index) => parts.slice(0, index + 1).join('/'));
    const deciding = lines.findLast((line) => above.some((part) => dockerPattern(line.replace(/^!/, '')).test(part)));
    return deciding !== undefined && !deciding.startsWith('!');
  };
}

/** `*` is anything up to the next `/`, a point at the beginning too; `**` is any number of folders. */
function dockerPattern(line: string): RegExp {
  const parts = line.split(/(\*\*\/|\*)/).map((part) => {
    if (part === '**/') return '(?:.*/)?';
    return part === '*' ? '[^/]*' : part.replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&');
  });
  return new RegExp(`^${parts.join('')}$`);
}
