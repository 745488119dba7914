import { Type, type Static } from 'typebox';

/** Problem details as answered for every failure: RFC 9457, media type `application/problem+json`. */
export const problemSchema = Type.Object(
  {
    type: Type.String({ description: 'Names the kind of problem; `urn:millrace:problem:<code>`.' }),
    title: Type.String({ description: 'The same for every problem of this code.' }),
    status: Type.Integer(),
    detail: Type.String(),
    code: Type.String({ description: 'Stable; programs may branch on it.' }),
    correlationId: Type.String(),
    fields: Type.Optional(
      Type.Array(
        Type.Object({
          field: Type.String({ description: 'Path of the field, parts joined by `/`.' }),
          problem: Type.String(),
        }),
      ),
    ),
  },
  { description: 'Problem details (RFC 9457)' },
);

/** A problem as it is answered. */
export type Problem = Static<typeof problemSchema>;
