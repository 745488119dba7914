import { Ajv } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { readRepositoryFile } from '../unit/repository/repository-files.ts';

const folder = 'test/deployment/schemas';

interface KubernetesSchemas {
  /** From `apps/v1/Deployment` to the name of its definition. */
  readonly roots: Readonly<Record<string, string>>;
  readonly $defs: Readonly<Record<string, object>>;
}

const kubernetes = JSON.parse(readRepositoryFile(`${folder}/kubernetes-1.31-strict.json`)) as KubernetesSchemas;
// Formats are widths of numbers there, and times: nothing that these files have.
const options = { strict: false, allErrors: true, validateFormats: false } as const;
const kubernetesAjv = new Ajv2020(options);
kubernetesAjv.addSchema({ $id: 'kubernetes', $defs: kubernetes.$defs });
const composeAjv = new Ajv(options);
const compose = composeAjv.compile({
  ...(JSON.parse(readRepositoryFile(`${folder}/compose-spec.json`)) as object),
  // It names its dialect with https, and Ajv knows it with http.
  $schema: 'http://json-schema.org/draft-07/schema#',
});

/** A resource of kubernetes, as far as it says what it is. */
export interface Resource {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
}

/** What is wrong with a resource; nothing when it is sound. Fields that the schema does not know are wrong. */
export function resourceProblems(resource: Resource): readonly string[] {
  const name = kubernetes.roots[`${resource.apiVersion}/${resource.kind}`];
  const title = `${resource.kind} ${resource.metadata?.name}`;
  if (name === undefined) return [`${title}: no schema for ${resource.apiVersion} ${resource.kind}`];
  const validate = kubernetesAjv.getSchema(`kubernetes#/$defs/${name}`);
  if (validate === undefined) throw new Error(`No definition ${name}.`);
  return validate(resource) === true ? [] : (validate.errors ?? []).map((error) => `${title} ${problem(error)}`);
}

/** What is wrong with a Compose file, or a stack of a swarm. */
export function composeProblems(file: unknown): readonly string[] {
  return compose(file) ? [] : (compose.errors ?? []).map(problem);
}

interface Problem {
  readonly instancePath: string;
  readonly message?: string;
  readonly params: object;
}

function problem({ instancePath, message, params }: Problem): string {
  return `${instancePath} ${message} ${JSON.stringify(params)}`;
}
