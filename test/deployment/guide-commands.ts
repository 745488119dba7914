import { readRepositoryFile } from '../unit/repository/repository-files.ts';

const guide = readRepositoryFile('docs/DEPLOYMENT_GUIDE.md');

/** Commands of docs/DEPLOYMENT_GUIDE.md that need what is not there when the tests run, by how they begin. */
export const needsMore: { readonly [beginning: string]: string } = {
  'docker-compose build': 'a container engine; the lines of the Dockerfile are replayed by images.test.ts',
  'docker-compose up': 'a container engine',
  'docker-compose ps': 'a container engine',
  'docker-compose logs': 'a container engine',
  'docker-compose down': 'a container engine',
  'docker-compose restart': 'a container engine',
  'docker build': 'a container engine',
  'docker system': 'a container engine',
  'docker swarm': 'a container engine',
  'docker service': 'a swarm',
  'docker compose': 'only a name: the same program, newer',
  'docker stack config': 'swarm.test.ts runs it where the client is there',
  'for name in POSTGRES_PASSWORD': 'a swarm, for `docker secret create`',
  'RLAPP_REGISTRY=registry.example': 'a swarm; swarm.test.ts checks the file',
  'kind load': 'a cluster',
  'kubectl apply': 'a cluster; kubernetes.test.ts checks what would be applied',
  'kubectl -n rlapp': 'a cluster',
  'npm run test:deployment': 'this suite itself',
};

/** `docker-compose config` in a sentence is what `docker-compose config -q` is in a block. */
const names = new Set(['docker-compose', 'docker-compose config']);

export const isRun = (command: string): boolean =>
  !Object.keys(needsMore).some((beginning) => command.startsWith(beginning));

/** The blocks of shell code, in order; each is one line. */
export const shellCommands: readonly string[] = [...guide.matchAll(/^( *)```bash\n([\s\S]*?)^\1```/gm)].flatMap(
  ([, , block = '']) =>
    block
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== ''),
);

/** Commands that stand in a sentence. */
export const inlineCommands: readonly string[] = [
  ...guide
    .replaceAll(/^ *```[\s\S]*?^ *```/gm, '')
    .matchAll(/`((?:docker|docker-compose|kubectl|kind|npm|npx) [^`]+)`/g),
].flatMap(([, command = '']) => (names.has(command) ? [] : [command.replaceAll(/\s+/g, ' ')]));

/** The statements of the blocks of SQL, all of them asked of the event store. */
export const statements: readonly string[] = [...guide.matchAll(/^( *)```sql\n([\s\S]*?)^\1```/gm)].flatMap(
  ([, , block = '']) => block.split(';').flatMap((one) => (one.trim() === '' ? [] : [one.trim()])),
);

/** The lines of PromQL. */
export const queries: readonly string[] = [...guide.matchAll(/^```promql\n([\s\S]*?)^```/gm)].flatMap(
  ([, block = '']) => block.trim().split('\n'),
);

/** The headings below one, without their marks. */
export function headingsBelow(heading: string): readonly string[] {
  const section = guide.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
  return [...section.matchAll(/^### (.+)$/gm)].map(([, title = '']) => title);
}
