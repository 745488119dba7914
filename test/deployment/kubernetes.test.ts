import { describe, expect, test } from 'vitest';
import { readSettings } from '../../src/config.ts';
import { metricTable } from '../../src/telemetry/metric-table.ts';
import { readRepositoryFile, repositoryPaths } from '../unit/repository/repository-files.ts';
import { composeFile, exampleSecrets } from './compose-file.ts';
import { settingsOf } from './dockerfile.ts';
import { buildOverlay, findKustomize, resourcesIn } from './kustomize.ts';
import { mayConnect, type Peer } from './network-policies.ts';
import { containersOf, environmentIn, restrictedProblems, workloadsOf, type Workload } from './pods.ts';
import { resourceProblems, type Resource } from './schema-check.ts';

const base = repositoryPaths('k8s/base/*.yml').filter((file) => !file.endsWith('/kustomization.yml'));
const written = base.flatMap((file) => resourcesIn(readRepositoryFile(file)));
const named = (resources: readonly Resource[], kind: string, name: string) =>
  resources.find((one) => one.kind === kind && one.metadata.name === name);

describe('the files', () => {
  test.each([
    ['S563', 'namespace'],
    ['S564', 'configmap'],
    ['S565', 'secrets'],
    ['S566', 'postgres'],
    ['S567', 'rabbitmq'],
    ['S568', 'api-deployment'],
    ['S569', 'worker-deployment'],
    ['S561', 'projections-deployment'],
  ])('%s: k8s/%s.yml can be applied by itself, and is the one of the base', (_, name) => {
    const text = readRepositoryFile(`k8s/${name}.yml`);
    expect(resourcesIn(text).length).toBeGreaterThan(0);
    expect(text).toBe(readRepositoryFile(`k8s/base/${name}.yml`));
  });

  test.each(base)('%s keeps to the schema, with no field that nobody knows', (file) => {
    expect(resourcesIn(readRepositoryFile(file)).flatMap(resourceProblems)).toEqual([]);
  });

  test.each([
    ['misspelled in a container', 'api-deployment', 'readinessProbe:', 'readynessProbe:'],
    ['of a wrong type', 'api-deployment', 'replicas: 2', 'replicas: two'],
    [
      'at the wrong place',
      'worker-deployment',
      '      securityContext:\n        runAsNonRoot',
      '      runAsNonRoot: true\n      securityContext:\n        runAsNonRoot',
    ],
    ['in a policy', 'network-policies', 'policyTypes: [Egress]', 'policyType: [Egress]'],
  ])('a field %s is refused', (_, name, right, wrong) => {
    const text = readRepositoryFile(`k8s/base/${name}.yml`);
    expect(text).toContain(right);
    expect(resourcesIn(text.replace(right, wrong)).flatMap(resourceProblems)).not.toEqual([]);
  });

  test('a kind without a schema is refused', () => {
    expect(resourceProblems({ apiVersion: 'v2', kind: 'Pod', metadata: { name: 'x' } })).toHaveLength(1);
  });

  test('C29: secrets.yml has the names that are used and no value, and the base does not apply it', () => {
    const [secret] = resourcesIn(readRepositoryFile('k8s/secrets.yml')) as (Resource & {
      stringData: Record<string, string>;
    })[];
    const given = secret?.stringData ?? {};
    expect(Object.values(given).filter((value) => value !== '')).toEqual([]);
    const used = workloadsOf(written)
      .flatMap(containersOf)
      .flatMap(({ env = [] }) => env.flatMap(({ valueFrom }) => valueFrom?.secretKeyRef?.key ?? []));
    expect(new Set(used)).toEqual(new Set(Object.keys(given)));
    expect(readRepositoryFile('k8s/base/kustomization.yml')).not.toContain('secrets.yml');
  });

  test.each([
    ['infrastructure/postgres/init.sql', 'k8s/base/files/init.sql'],
    ['infrastructure/postgres/postgresql.conf', 'k8s/base/files/postgresql.conf'],
    ['infrastructure/rabbitmq/rabbitmq.conf', 'k8s/base/files/rabbitmq.conf'],
    ['infrastructure/rabbitmq/enabled_plugins', 'k8s/base/files/enabled_plugins'],
  ])('%s is the same in %s, where kustomize finds it', (one, other) => {
    expect(readRepositoryFile(other)).toBe(readRepositoryFile(one));
  });
});

describe.each(['development', 'production'] as const)('k8s/overlays/%s', (name) => {
  const folder = `k8s/overlays/${name}`;
  let resources: readonly Resource[] = [];

  test('is put together by kustomize, and every resource keeps to the schema', async () => {
    expect(findKustomize(), 'kustomize 5').toBeDefined();
    resources = await buildOverlay(folder);
    expect(resources.length).toBeGreaterThan(20);
    expect(resources.flatMap(resourceProblems)).toEqual([]);
    expect(resources.filter((one) => one.kind !== 'Namespace' && one.metadata.namespace !== 'rlapp')).toEqual([]);
    expect(resources.some(({ kind }) => kind === 'Secret')).toBe(false);
  });

  test('pods keep to the restricted profile, say what they need, and talk to no API of the cluster', () => {
    const workloads = workloadsOf(resources);
    expect(workloads.map((one) => one.metadata.name).sort()).toEqual(
      ['postgres', 'rabbitmq', 'rlapp-api', 'rlapp-migrate', 'rlapp-projections', 'rlapp-worker'].sort(),
    );
    expect(workloads.flatMap(restrictedProblems)).toEqual([]);
    for (const workload of workloads) {
      const { spec } = workload.spec.template;
      expect(spec.automountServiceAccountToken, workload.metadata.name).toBe(false);
      expect(named(resources, 'ServiceAccount', spec.serviceAccountName ?? '')).toBeDefined();
      for (const container of containersOf(workload)) {
        expect(Object.keys(container.resources?.requests ?? {}).sort(), container.name).toEqual(['cpu', 'memory']);
        expect(container.resources?.limits?.memory, container.name).toBeDefined();
        expect(container.image, container.name).toMatch(/:[\w.-]+$/);
        expect(container.image).not.toMatch(/:latest$/);
      }
    }
  });

  test('S570, S571, S572, S573: the three processes have settings that Millrace takes, the probes of its three questions, and the image’s port', () => {
    const processes = [
      ['rlapp-api', 'waitingroom-api'],
      ['rlapp-worker', 'waitingroom-worker'],
      ['rlapp-projections', 'projection-worker'],
    ] as const;
    for (const [name, service] of processes) {
      const container = (named(resources, 'Deployment', name) as Workload).spec.template.spec.containers[0];
      if (container === undefined) throw new Error(`${name} has no container.`);
      const image = settingsOf(name).env;
      const env = { ...image, ...environmentIn(container, resources, exampleSecrets()) };
      const { DATABASE_PASSWORD: _, ...settings } = env;
      expect(() => readSettings(settings)).not.toThrow();
      expect(env).toHaveProperty('EventStore__ConnectionString');
      expect(env).toHaveProperty('Seq__Url');
      expect('RabbitMq__HostName' in env && 'RabbitMq__Port' in env).toBe(name !== 'rlapp-api');
      const port = Number(image['PORT'] ?? image['HEALTH_PORT']);
      expect(container.ports).toEqual([{ name: 'http', containerPort: port }]);
      expect(container.startupProbe?.httpGet).toEqual({ path: '/health/startup', port: 'http' });
      expect(container.readinessProbe?.httpGet).toEqual({ path: '/health/ready', port: 'http' });
      expect(container.livenessProbe?.httpGet).toEqual({ path: '/health/live', port: 'http' });
      // All that the image writes to.
      expect(container.volumeMounts?.map((one) => one.mountPath).sort()).toEqual(['/tmp', image['LOG_FOLDER']]);
      // The same databases and users as with Docker Compose.
      const composed = composeFile().services[service]?.environment ?? {};
      for (const key of ['EventStore__ConnectionString', 'ReadModels__ConnectionString']) {
        const expected = composed[key]?.replaceAll(
          /\$\{(\w+):[^}]*\}/g,
          (_, secret: string) => exampleSecrets()[secret] ?? '',
        );
        expect(env[key]).toBe(expected);
      }
    }
  });

  test('everything that selects pods finds some', () => {
    const pods = workloadsOf(resources).map((one) => one.spec.template.metadata.labels);
    const selectors = resources.flatMap((one) => {
      const { spec } = one as Resource & { spec?: { selector?: Record<string, unknown> } };
      if (one.kind === 'Service') return [[one.metadata.name, spec?.selector as Record<string, string>] as const];
      const labels = spec?.selector?.['matchLabels'] as Record<string, string> | undefined;
      return labels === undefined ? [] : [[`${one.kind} ${one.metadata.name}`, labels] as const];
    });
    expect(selectors.length).toBeGreaterThan(8);
    for (const [title, labels] of selectors) {
      const found = pods.filter((pod) => Object.entries(labels).every(([key, value]) => pod[key] === value));
      expect(found, title).toHaveLength(1);
    }
    const scaled = resources.filter(({ kind }) => kind === 'HorizontalPodAutoscaler') as (Resource & {
      spec: { scaleTargetRef: { name: string } };
    })[];
    for (const { spec } of scaled) expect(named(resources, 'Deployment', spec.scaleTargetRef.name)).toBeDefined();
  });

  test('the network lets through what has to pass, and nothing else', () => {
    const pod = (app: string): Peer => ({
      namespace: 'rlapp',
      labels: workloadsOf(resources).find((one) => one.metadata.name === app)?.spec.template.metadata.labels ?? {},
    });
    const [api, worker, projections, migrate, postgres, rabbitmq] = [
      'rlapp-api',
      'rlapp-worker',
      'rlapp-projections',
      'rlapp-migrate',
      'postgres',
      'rabbitmq',
    ].map(pod) as [Peer, Peer, Peer, Peer, Peer, Peer];
    const outside = (namespace: string): Peer => ({ namespace, labels: {} });
    const pods = { api, worker, projections, migrate, postgres, rabbitmq };
    const ports = [5000, 8081, 8082, 5432, 5672, 15672, 15692, 9187, 4369, 25672];
    const open = Object.entries(pods).flatMap(([a, from]) =>
      Object.entries(pods).flatMap(([b, to]) =>
        ports.filter((port) => mayConnect(resources, from, to, port)).map((port) => `${a} ${b} ${port}`),
      ),
    );
    expect(open.sort()).toEqual(
      [
        'api postgres 5432',
        'worker postgres 5432',
        'projections postgres 5432',
        'migrate postgres 5432',
        'worker rabbitmq 5672',
        'projections rabbitmq 5672',
        'rabbitmq rabbitmq 4369',
        'rabbitmq rabbitmq 25672',
      ].sort(),
    );
    expect(mayConnect(resources, outside('ingress-nginx'), api, 5000)).toBe(true);
    expect(mayConnect(resources, outside('ingress-nginx'), postgres, 5432)).toBe(false);
    expect(mayConnect(resources, outside('default'), api, 5000)).toBe(false);
    expect(mayConnect(resources, outside('monitoring'), worker, 8081)).toBe(true);
    expect(mayConnect(resources, outside('monitoring'), rabbitmq, 15692)).toBe(true);
    expect(mayConnect(resources, outside('monitoring'), postgres, 5432)).toBe(false);
    expect(mayConnect(resources, api, outside('kube-system'), 53)).toBe(true);
    expect(mayConnect(resources, worker, outside('logging'), 5341)).toBe(true);
    expect(mayConnect(resources, api, outside('internet'), 443)).toBe(false);
  });
});

describe('k8s/overlays/production', () => {
  test('has three nodes of RabbitMQ that know each other’s names, disruption budgets, an ingress with TLS, and autoscaling', async () => {
    const resources = await buildOverlay('k8s/overlays/production');
    const rabbitmq = named(resources, 'StatefulSet', 'rabbitmq') as Workload & { spec: { serviceName: string } };
    expect(rabbitmq.spec.replicas).toBe(3);
    const settings = resources.find(
      (one) => one.kind === 'ConfigMap' && one.metadata.name.startsWith('rabbitmq-settings'),
    ) as Resource & { data: Record<string, string> };
    const nodes = [...(settings.data['rabbitmq.conf'] ?? '').matchAll(/nodes\.\d = rabbit@(\S+)/g)].map(
      ([, host]) => host,
    );
    const service = rabbitmq.spec.serviceName;
    expect(nodes).toEqual([0, 1, 2].map((index) => `rabbitmq-${index}.${service}.rlapp.svc.cluster.local`));
    expect(
      settings.data['rabbitmq.conf']?.startsWith(readRepositoryFile('infrastructure/rabbitmq/rabbitmq.conf')),
    ).toBe(true);
    expect(settings.data).toHaveProperty('enabled_plugins');

    const budgets = resources.filter(({ kind }) => kind === 'PodDisruptionBudget').map((one) => one.metadata.name);
    expect(budgets.sort()).toEqual(['rabbitmq', 'rlapp-api', 'rlapp-projections', 'rlapp-worker']);
    const ingress = named(resources, 'Ingress', 'rlapp-api') as Resource & { spec: { tls?: readonly object[] } };
    expect(ingress.spec.tls).toHaveLength(1);
  });

  test('scales on metrics that the processes really have', async () => {
    const resources = await buildOverlay('k8s/overlays/production');
    const autoscalers = resources.filter(({ kind }) => kind === 'HorizontalPodAutoscaler') as (Resource & {
      spec: { metrics: readonly { type: string; external?: { metric: { name: string } } }[] };
    })[];
    expect(autoscalers.map((one) => one.metadata.name).sort()).toEqual([
      'rlapp-api',
      'rlapp-projections',
      'rlapp-worker',
    ]);
    const external = autoscalers.flatMap(({ spec }) => spec.metrics.flatMap((one) => one.external?.metric.name ?? []));
    expect(external.sort()).toEqual(['outbox_pending_count', 'projection_behind_events']);
    for (const name of external) expect(Object.values(metricTable).map((one) => one.name)).toContain(name);
    // Where an autoscaler says how many, nobody else does.
    for (const { metadata } of autoscalers) {
      expect((named(resources, 'Deployment', metadata.name) as Workload).spec.replicas).toBeUndefined();
    }
  });
});
