insert into events
  (position, event_id, aggregate_id, version, event_name, schema_version, payload, metadata, tags, occurred_at)
select
  row.position, row.event_id, row.aggregate_id, row.version, row.event_name, row.schema_version, row.payload,
  row.metadata, '{}', row.occurred_at
from unnest(
  $1::bigint[], $2::uuid[], $3::text[], $4::bigint[], $5::text[], $6::int[], $7::json[], $8::json[], $9::timestamptz[]
) as row (
  position, event_id, aggregate_id, version, event_name, schema_version, payload, metadata, occurred_at
)
