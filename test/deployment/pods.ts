import type { Resource } from './schema-check.ts';

/** What the tests look at in a container of a pod. */
export interface PodContainer {
  readonly name: string;
  readonly image: string;
  readonly args?: readonly string[];
  readonly ports?: readonly { readonly name: string; readonly containerPort: number }[];
  readonly env?: readonly EnvEntry[];
  readonly envFrom?: readonly { readonly configMapRef?: { readonly name: string } }[];
  readonly volumeMounts?: readonly { readonly mountPath: string }[];
  readonly resources?: { readonly requests?: object; readonly limits?: { readonly memory?: string } };
  readonly securityContext?: {
    readonly allowPrivilegeEscalation?: boolean;
    readonly readOnlyRootFilesystem?: boolean;
    readonly capabilities?: { readonly drop?: readonly string[]; readonly add?: readonly string[] };
  };
  readonly startupProbe?: Probe;
  readonly readinessProbe?: Probe;
  readonly livenessProbe?: Probe;
}

interface Probe {
  readonly httpGet?: { readonly path: string; readonly port: string };
}

interface EnvEntry {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: {
    readonly secretKeyRef?: { readonly name: string; readonly key: string };
    readonly configMapKeyRef?: { readonly name: string; readonly key: string };
    readonly fieldRef?: { readonly fieldPath: string };
  };
}

export interface PodSpec {
  readonly serviceAccountName?: string;
  readonly automountServiceAccountToken?: boolean;
  readonly securityContext?: {
    readonly runAsNonRoot?: boolean;
    readonly runAsUser?: number;
    readonly seccompProfile?: { readonly type: string };
  };
  readonly hostNetwork?: boolean;
  readonly hostPID?: boolean;
  readonly initContainers?: readonly PodContainer[];
  readonly containers: readonly PodContainer[];
  readonly volumes?: readonly Readonly<Record<string, unknown>>[];
}

export interface Workload extends Resource {
  readonly spec: {
    readonly replicas?: number;
    readonly template: {
      readonly metadata: { readonly labels: Readonly<Record<string, string>> };
      readonly spec: PodSpec;
    };
  };
}

const kinds = new Set(['Deployment', 'StatefulSet', 'Job']);

/** Everything that makes pods. */
export function workloadsOf(resources: readonly Resource[]): readonly Workload[] {
  return resources.filter((one): one is Workload => kinds.has(one.kind));
}

export const containersOf = ({ spec }: Workload): readonly PodContainer[] => [
  ...(spec.template.spec.initContainers ?? []),
  ...spec.template.spec.containers,
];

/** What the "restricted" profile of Pod Security wants and a pod does not have. */
export function restrictedProblems(workload: Workload): readonly string[] {
  const { spec } = workload.spec.template;
  const title = `${workload.kind} ${workload.metadata.name}`;
  const problems: string[] = [];
  if (spec.hostNetwork === true || spec.hostPID === true)
    problems.push(`${title} uses the host's network or processes`);
  if (spec.securityContext?.runAsNonRoot !== true) problems.push(`${title} may run as root`);
  if (spec.securityContext?.seccompProfile?.type !== 'RuntimeDefault') problems.push(`${title} has no seccomp profile`);
  const allowed = new Set(['configMap', 'emptyDir', 'secret', 'projected', 'persistentVolumeClaim']);
  for (const volume of spec.volumes ?? []) {
    const kind = Object.keys(volume).find((key) => key !== 'name') ?? 'nothing';
    if (!allowed.has(kind)) problems.push(`${title} mounts a ${kind}`);
  }
  for (const { name, securityContext } of containersOf(workload)) {
    if (securityContext?.allowPrivilegeEscalation !== false) problems.push(`${title}: ${name} may gain privileges`);
    if (securityContext?.capabilities?.drop?.join() !== 'ALL') problems.push(`${title}: ${name} keeps capabilities`);
    if (securityContext?.capabilities?.add !== undefined) problems.push(`${title}: ${name} adds capabilities`);
    if (securityContext?.readOnlyRootFilesystem !== true) problems.push(`${title}: ${name} may write to its image`);
  }
  return problems;
}

/** The environment of a container, with values of config maps; secrets come from `secrets`. Throws for a name nobody has. */
export function environmentIn(
  container: PodContainer,
  resources: readonly Resource[],
  secrets: Readonly<Record<string, string>>,
): Record<string, string> {
  const configMap = (name: string) => {
    const found = resources.find((one) => one.kind === 'ConfigMap' && one.metadata.name === name);
    if (found === undefined) throw new Error(`${container.name}: there is no ConfigMap ${name}.`);
    return (found as Resource & { data: Record<string, string> }).data;
  };
  const env: Record<string, string> = {};
  for (const { configMapRef } of container.envFrom ?? []) {
    if (configMapRef !== undefined) Object.assign(env, configMap(configMapRef.name));
  }
  for (const { name, value, valueFrom } of container.env ?? []) {
    const { secretKeyRef, configMapKeyRef } = valueFrom ?? {};
    let found = value?.replaceAll(/\$\((\w+)\)/g, (whole, other: string) => env[other] ?? whole);
    if (secretKeyRef !== undefined) found = secrets[secretKeyRef.key];
    if (configMapKeyRef !== undefined) found = configMap(configMapKeyRef.name)[configMapKeyRef.key];
    if (valueFrom?.fieldRef !== undefined) found = `<${valueFrom.fieldRef.fieldPath}>`;
    if (found === undefined) throw new Error(`${container.name}: ${name} has no value.`);
    env[name] = found;
  }
  return env;
}
