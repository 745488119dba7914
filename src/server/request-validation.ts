import { Settings } from 'typebox/system';
import { Compile } from 'typebox/compile';
import type { TSchema } from 'typebox';
import { MillraceError, type FieldProblem } from '../errors.ts';

/** What a request part must be like, as JSON Schema. */
type JsonSchema = { readonly [keyword: string]: unknown };

/** What Fastify wants of a validator: the value to go on with, or the error to answer. */
type Validated = { value: unknown } | { error: MillraceError };

// The collection stops there, so that a huge wrong body stays cheap.
Settings.Set({ maxErrors: 32 });

const partNames: { readonly [part: string]: string } = {
  body: 'body',
  querystring: 'query string',
  params: 'path',
  headers: 'headers',
};

/**
 * Compiles the schema of a request part. Unknown fields of bodies and query strings are refused by name. Bodies are
 * taken as they are; what a URL can only say in text is read as the number or boolean that the schema asks for.
 */
export function compileValidator(schema: unknown, httpPart: string | undefined): (value: unknown) => Validated {
  const part = httpPart ?? 'body';
  const given = asSchema(schema);
  const strict = part === 'body' || part === 'querystring' ? closed(given) : given;
  const validator = Compile(strict as TSchema);
  const fields = textFields(strict);
  const optionalBody = part === 'body' && validator.Check(null);
  return (value) => {
    if (part === 'body') {
      if (value === null && !optionalBody) {
        return { error: new MillraceError('BODY_MISSING', 'The request needs a body: a JSON object.') };
      }
      return validator.Check(value) ? { value } : { error: problemOf(part, strict, validator.Errors(value)) };
    }
    const read = readText(fields, value);
    return validator.Check(read) ? { value: read } : { error: problemOf(part, strict, validator.Errors(read)) };
  };
}

/**
 * The same schema with every object closed that does not say itself whether it takes more properties. Objects inside
 * `allOf` stay as they are: closing the parts would refuse the whole.
 */
export function closed(schema: JsonSchema): JsonSchema {
  const result: Record<string, unknown> = { ...schema };
  if (isSchema(schema.properties)) {
    result.properties = Object.fromEntries(
      Object.entries(schema.properties).map(([name, property]) => [
        name,
        isSchema(property) ? closed(property) : property,
      ]),
    );
    if (schema.additionalProperties === undefined && schema.patternProperties === undefined) {
      result.additionalProperties = false;
    }
  }
  if (isSchema(schema.items)) result.items = closed(schema.items);
  for (const keyword of ['anyOf', 'oneOf']) {
    const members = schema[keyword];
    if (Array.isArray(members))
      result[keyword] = members.map((member: unknown) => (isSchema(member) ? closed(member) : member));
  }
  return result;
}

/** What a URL says in text and the schema wants as something else, worked out once. */
interface TextField {
  readonly name: string;
  readonly type: unknown;
  /** The type of the items of a list. */
  readonly items: unknown;
  readonly byDefault: unknown;
}

function textFields(schema: JsonSchema): TextField[] {
  if (!isSchema(schema.properties)) return [];
  return Object.entries(schema.properties)
    .map(([name, property]) => {
      const { type, items, default: byDefault } = isSchema(property) ? property : {};
      return { name, type, items: isSchema(items) ? items.type : undefined, byDefault };
    })
    .filter(({ type, byDefault }) => type !== 'string' || byDefault !== undefined);
}

/** Reads the texts of a query string or path as the schema's types, and fills in defaults. */
function readText(fields: readonly TextField[], value: unknown): unknown {
  if (fields.length === 0 || typeof value !== 'object' || value === null) return value;
  const result: Record<string, unknown> = { ...value };
  for (const { name, type, items, byDefault } of fields) {
    const text = result[name];
    if (text === undefined) {
      if (byDefault !== undefined) result[name] = byDefault;
    } else if (type === 'array') {
      result[name] = (Array.isArray(text) ? text : [text]).map((item: unknown) => readAs(items, item));
    } else {
      result[name] = readAs(type, text);
    }
  }
  return result;
}

function readAs(type: unknown, text: unknown): unknown {
  if (typeof text !== 'string') return text;
  if ((type === 'integer' || type === 'number') && /^-?\d{1,16}(\.\d{1,16})?$/.test(text)) return Number(text);
  if (type === 'boolean' && (text === 'true' || text === 'false')) return text === 'true';
  return text;
}

interface ValidationError {
  readonly keyword: string;
  readonly schemaPath: string;
  readonly instancePath: string;
  readonly message: string;
  readonly params: object;
}

function problemOf(part: string, schema: JsonSchema, errors: readonly ValidationError[]): MillraceError {
  const unknown: FieldProblem[] = [];
  const wrong: FieldProblem[] = [];
  for (const error of errors) {
    if (isOtherWay(error) && errors.some((other) => !isOtherWay(other) && isWithin(other, error))) continue;
    const { keyword, instancePath, params } = error;
    if (keyword === 'additionalProperties' && 'additionalProperties' in params) {
      for (const name of names(params.additionalProperties)) {
        unknown.push({ field: fieldAt(instancePath, name), problem: 'is unknown' });
      }
    } else if (keyword === 'required' && 'requiredProperties' in params) {
      for (const name of names(params.requiredProperties)) {
        wrong.push({ field: fieldAt(instancePath, name), problem: 'is required' });
      }
    } else if (keyword === 'const') {
      wrong.push({ field: fieldAt(instancePath), problem: `must be one of ${constantsAt(instancePath, errors)}` });
    } else if (keyword === 'enum' && 'allowedValues' in params && Array.isArray(params.allowedValues)) {
      wrong.push({ field: fieldAt(instancePath), problem: `must be one of ${params.allowedValues.join(', ')}` });
    } else if (keyword === 'boolean' && error.schemaPath.endsWith('/additionalProperties')) {
      // Says the same as that keyword, field by field; with very many of them the keyword itself is left out.
      unknown.push({ field: fieldAt(instancePath), problem: 'is unknown' });
    } else {
      const meaning = keyword === 'pattern' ? descriptionAt(schema, instancePath) : undefined;
      const problem = meaning === undefined ? error.message : `${error.message}: ${meaning}`;
      wrong.push({ field: fieldAt(instancePath), problem });
    }
  }
  const fields = firstOfEach([...wrong, ...unknown]);
  const where = partNames[part] ?? part;
  const whole = fields.find(({ field }) => field === '');
  // Not the object that it should be: there are no fields then.
  if (whole !== undefined) {
    const problem = whole.problem === 'must be object' ? 'must be a JSON object' : whole.problem;
    return new MillraceError('REQUEST_INVALID', `The ${where} ${problem}.`, { fields });
  }
  const listed = fields.map(({ field }) => field).join(', ');
  return wrong.length === 0 && unknown.length > 0
    ? new MillraceError('FIELD_UNKNOWN', `The ${where} has fields that nobody knows: ${listed}.`, { fields })
    : new MillraceError('REQUEST_INVALID', `The ${where} is wrong in: ${listed}.`, { fields });
}

/** What the schema says about a field: a pattern by itself is for machines. */
function descriptionAt(schema: JsonSchema, instancePath: string): string | undefined {
  const properties = isSchema(schema.properties) ? schema.properties : {};
  const property = properties[fieldAt(instancePath)];
  return isSchema(property) && typeof property.description === 'string' ? property.description : undefined;
}

/** Says only that the value could also have been null, or that no member of a union fits: the member's own errors tell more. */
function isOtherWay({ keyword, params }: ValidationError): boolean {
  return keyword === 'anyOf' || (keyword === 'type' && 'type' in params && params.type === 'null');
}

function isWithin({ instancePath }: ValidationError, { instancePath: outer }: ValidationError): boolean {
  return instancePath === outer || instancePath.startsWith(`${outer}/`);
}

/** The members of a union of constants fail one by one; together they say what is possible. */
function constantsAt(instancePath: string, errors: readonly ValidationError[]): string {
  return errors
    .flatMap(({ keyword, instancePath: path, params }) =>
      keyword === 'const' && path === instancePath && 'allowedValue' in params ? [String(params.allowedValue)] : [],
    )
    .join(', ');
}

function firstOfEach(problems: readonly FieldProblem[]): FieldProblem[] {
  const seen = new Set<string>();
  return problems.filter(({ field }) => !seen.has(field) && seen.add(field)).slice(0, 32);
}

/** A JSON pointer without its leading slash, the pointer's escapes undone; long names of a caller's are cut. */
function fieldAt(instancePath: string, name?: string): string {
  const path = instancePath.slice(1).replaceAll('~1', '/').replaceAll('~0', '~');
  const field = name === undefined ? path : path === '' ? name : `${path}/${name}`;
  return field.length > 120 ? `${field.slice(0, 120)}…` : field;
}

function names(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((name): name is string => typeof name === 'string') : [];
}

function isSchema(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function asSchema(schema: unknown): JsonSchema {
  if (!isSchema(schema))
    throw new MillraceError('DEFINITION_INVALID', 'The schema of a request part is no JSON Schema.');
  return schema;
}
