import { defineSystem, type ProjectionDefinition, type RowHandler, type SystemDefinition } from '../../src/index.ts';
import type { Row } from '../../src/projections/definition.ts';
import type { Example } from './example-system.ts';

/** The example as a later version of its code: a moved parcel counts two moves. */
export function changedSystem(example: Example): SystemDefinition {
  return { ...defineSystem(example.system), projections: [changedProjection(example.projection)] };
}

function changedProjection(projection: ProjectionDefinition): ProjectionDefinition {
  const [parcels, labels] = projection.rows;
  const [depots] = projection.totals;
  if (parcels === undefined || labels === undefined || depots === undefined) throw new Error('the example has three');
  const before = parcels.on['ParcelMoved'];
  const moved: RowHandler<Row> = (row, event) => {
    const after = before?.(row, event);
    return after === undefined ? undefined : { ...after, moves: Number(after['moves']) + 1 };
  };
  const changed = { ...parcels, on: { ...parcels.on, ParcelMoved: moved } };
  return { ...projection, rows: [changed, labels], totals: [{ ...depots, of: changed }] };
}
