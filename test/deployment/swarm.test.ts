import { execFile, execFileSync } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { repository } from '../../scripts/development-tool.ts';
import { readRepositoryFile, repositoryPaths } from '../unit/repository/repository-files.ts';
import { composeFile, type ComposeService } from './compose-file.ts';
import { composeProblems } from './schema-check.ts';

interface StackService extends Omit<ComposeService, 'ports'> {
  readonly ports?: readonly { readonly published: number }[];
  readonly secrets?: readonly (string | { readonly source: string; readonly target: string })[];
  readonly configs?: readonly { readonly source: string }[];
  readonly deploy: {
    readonly replicas?: number;
    readonly update_config?: { readonly order: string; readonly failure_action: string };
    readonly rollback_config?: object;
    readonly restart_policy?: object;
  };
}
interface Stack {
  readonly services: Readonly<Record<string, StackService>>;
  readonly secrets: Readonly<Record<string, { readonly external: boolean }>>;
  readonly configs: Readonly<Record<string, { readonly file: string; readonly name: string }>>;
}

const text = readRepositoryFile('swarm/docker-stack.yml');
const stack = parse(text, { merge: true }) as Stack;

/** The command-line client needs no engine for this. */
const hasDocker = (() => {
  try {
    execFileSync('docker', ['stack', 'config', '--help'], { stdio: 'ignore', timeout: 10_000 });
    return true;
  } catch {
    return false;
  }
})();

describe('S562: swarm/docker-stack.yml', () => {
  test('keeps to the Compose specification, and a field that nobody knows is refused', () => {
    expect(composeProblems(stack)).toEqual([]);
    const broken: unknown = parse(text.replaceAll('stop_grace_period', 'stop_grace_periot'), { merge: true });
    expect(composeProblems(broken).join()).toContain('stop_grace_periot');
  });

  test.runIf(hasDocker)('docker stack takes it as it is', async () => {
    const env = { ...process.env, RLAPP_REGISTRY: 'registry.example', RLAPP_VERSION: '1.2.3' };
    const words = ['stack', 'config', '-c', 'swarm/docker-stack.yml'];
    const { stdout } = await promisify(execFile)('docker', words, { cwd: repository, env });
    expect(Object.keys((parse(stdout) as Stack).services).sort()).toEqual(Object.keys(stack.services).sort());
  });

  test('every secret is made outside, used, and none has a value; every config is a file that is there', () => {
    const used = Object.values(stack.services).flatMap(({ secrets = [] }) =>
      secrets.map((one) => (typeof one === 'string' ? one : one.source)),
    );
    expect(new Set(used)).toEqual(new Set(Object.keys(stack.secrets)));
    expect(Object.values(stack.secrets).filter(({ external }) => !external)).toEqual([]);
    for (const { file, name } of Object.values(stack.configs)) {
      expect(repositoryPaths(file.replace('../', ''))).toHaveLength(1);
      expect(name).toContain('${RLAPP_VERSION}');
    }
  });

  test('has the processes of docker-compose.yml, with the same images of databases and broker', () => {
    const { services } = composeFile();
    for (const [name, service] of Object.entries(stack.services)) {
      const other = services[name];
      expect(other, name).toBeDefined();
      if (service.image?.includes('RLAPP_VERSION') === true) {
        expect(service.image).toContain(`/${other?.build?.target}:`);
        expect(service).toMatchObject({ read_only: true, cap_drop: ['ALL'], tmpfs: ['/tmp'] });
      } else expect(service.image).toBe(other?.image);
    }
  });

  test.each(['waitingroom-api', 'waitingroom-worker', 'projection-worker'])(
    '%s runs twice, is updated one by one, and goes back when that fails',
    (name) => {
      const { deploy, secrets = [] } = stack.services[name] ?? { deploy: {} };
      expect(deploy).toMatchObject({
        replicas: 2,
        update_config: { parallelism: 1, order: 'start-first', failure_action: 'rollback' },
        rollback_config: { parallelism: 1 },
        restart_policy: { condition: 'any' },
      });
      // The file that the images read: test/deployment/images.test.ts starts one with it.
      expect(secrets).toMatchObject([{ target: 'millrace.env' }]);
    },
  );

  test('only the API is reached from outside', () => {
    const published = Object.entries(stack.services).filter(([, { ports }]) => ports !== undefined);
    expect(published.map(([name]) => name)).toEqual(['waitingroom-api']);
  });
});
