import type { GrpcDefinition } from '../../src/server/index.ts';
import { shapesOf, type ProtoField, type ProtoShapes } from '../../src/server/grpc/descriptors.ts';
import { loadProtos } from '../../src/server/grpc/protos.ts';

/** What of JSON Schema and OpenAPI is read here. */
interface Schema {
  readonly type?: string | readonly string[];
  readonly properties?: { readonly [name: string]: Schema };
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly const?: unknown;
}

interface Operation {
  readonly parameters?: readonly { readonly in: string; readonly name: string; readonly schema: Schema }[];
  readonly requestBody?: { readonly content: { readonly [type: string]: { readonly schema: Schema } } };
  readonly responses: {
    readonly [status: string]: { readonly content?: { readonly [type: string]: { readonly schema: Schema } } };
  };
}

/** The routes of a running server as its OpenAPI description tells them, to compare them with .proto files. */
export class RouteShapes {
  readonly #operations: ReadonlyMap<string, Operation>;

  private constructor(operations: ReadonlyMap<string, Operation>) {
    this.#operations = operations;
  }

  static async of(url: string): Promise<RouteShapes> {
    const { paths } = (await (await fetch(`${url}/openapi.json`)).json()) as {
      paths: { [path: string]: { [method: string]: Operation } };
    };
    const operations = Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods)
        .filter(([method]) => method !== 'head')
        .map(
          ([method, operation]) =>
            [`${method.toUpperCase()} ${path.replaceAll(/\{(\w+)\}/g, ':$1')}`, operation] as const,
        ),
    );
    return new RouteShapes(new Map(operations));
  }

  /** `POST /api/carts/:cartId` */
  get names(): string[] {
    return [...this.#operations.keys()];
  }

  /** Where the messages of a definition say something else than the schemas of their routes. */
  differences({ protos, methods }: Pick<GrpcDefinition, 'protos' | 'methods'>): string[] {
    const shapes = shapesOf(loadProtos(protos));
    return Object.entries(methods).flatMap(([name, { route, nulls = {}, list }]) => {
      const shape = shapes.methods.find((method) => method.name === name);
      const operation = this.#operations.get(route);
      if (shape === undefined || operation === undefined) return [`${name}: ${route} is not there`];
      const asked = (shapes.messages.get(shape.request) ?? []).filter((field) => !(field.name in nulls));
      const body = operation.requestBody?.content['application/json']?.schema;
      const parameters = (operation.parameters ?? []).map((one) => [one.name, one.schema] as const);
      const request = { ...Object.fromEntries(parameters), ...body?.properties };
      const [, success] = Object.entries(operation.responses).find(([code]) => code.startsWith('2')) ?? [];
      const answered = success?.content?.['application/json']?.schema ?? {};
      const reply = list === undefined ? (answered.properties ?? {}) : { [list]: answered };
      return [
        ...compare(`${name} request`, asked, request, shapes),
        ...compare(`${name} reply`, shapes.messages.get(shape.reply) ?? [], reply, shapes),
      ];
    });
  }
}

function compare(
  where: string,
  fields: readonly ProtoField[],
  properties: { readonly [name: string]: Schema },
  shapes: ProtoShapes,
): string[] {
  const extra = fields.filter(({ name }) => !(name in properties)).map(({ name }) => `${where}: no ${name} in HTTP`);
  return Object.entries(properties).reduce<string[]>((found, [name, schema]) => {
    const field = fields.find((one) => one.name === name);
    if (field === undefined) return [...found, `${where}: no ${name} in gRPC`];
    // A map is written as a list of its entries.
    if (field.type.endsWith('Entry') && schema.properties === undefined && field.repeated) return found;
    const isList = typesOf(schema).includes('array');
    if (isList !== field.repeated) return [...found, `${where}: ${name} is a list in one of them`];
    const one = isList ? (schema.items ?? {}) : schema;
    if (field.isMessage) {
      const inner = objectOf(one).properties ?? {};
      return [...found, ...compare(`${where}: ${name}`, shapes.messages.get(field.type) ?? [], inner, shapes)];
    }
    const expected = protoTypes(name, one);
    if (!expected.includes(field.type)) found.push(`${where}: ${name} is ${field.type}, not ${expected.join(' or ')}`);
    const canBeNull = !isList && typesOf(schema).includes('null');
    if (where.includes('reply') && canBeNull && !field.hasPresence) found.push(`${where}: ${name} is not optional`);
    return found;
  }, extra);
}

function typesOf(schema: Schema): readonly string[] {
  if (schema.anyOf !== undefined) return schema.anyOf.flatMap(typesOf);
  if (schema.const !== undefined) return [typeof schema.const];
  return typeof schema.type === 'string' ? [schema.type] : (schema.type ?? []);
}

function objectOf(schema: Schema): Schema {
  return schema.anyOf?.find(({ properties }) => properties !== undefined) ?? schema;
}

/** Positions and the order of calling grow beyond 32 bits. */
function protoTypes(name: string, schema: Schema): readonly string[] {
  const [type] = typesOf(schema).filter((one) => one !== 'null');
  if (type === 'integer') return /position$|order$/i.test(name) ? ['int64'] : ['int32', 'int64'];
  if (type === 'number') return ['double'];
  return type === 'boolean' ? ['bool'] : [type ?? 'nothing'];
}
