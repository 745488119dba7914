import { Type, type Static, type TSchema } from 'typebox';

/**
 * Query parameter for reading one's own writes: the position that a command's answer carried. Spread it into the
 * schema of a query string.
 * @example Type.Object({ ...minPositionParameter, limit: Type.Optional(Type.Integer()) })
 */
export const minPositionParameter = {
  minPosition: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: Number.MAX_SAFE_INTEGER,
      description: 'Wait until the read model has reached this position: what a command answered as `position`.',
    }),
  ),
};

/** The options of `readModels.query` that a query string asks for. */
export function minPositionOf(query: { readonly minPosition?: number | undefined }): { minPosition?: number } {
  return query.minPosition === undefined ? {} : { minPosition: query.minPosition };
}

/**
 * A scalar that may be null, written so that the serializer needs no check at run time (a union would).
 * @example nullable(Type.Number()) // { type: ['number', 'null'] }
 */
export function nullable<Schema extends TSchema & { type: string }>(schema: Schema) {
  return Type.Unsafe<Static<Schema> | null>({ ...schema, type: [schema.type, 'null'] });
}

/** How many to answer at most. */
export function limitParameter(maximum: number, byDefault: number) {
  return Type.Integer({ minimum: 1, maximum, default: byDefault, description: `At most so many; up to ${maximum}.` });
}

/** An id in a path. */
export const idParameter = Type.String({ minLength: 1, maxLength: 200 });
