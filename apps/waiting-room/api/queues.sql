select queue_id                               as "queueId",
       queue_name                             as "queueName",
       max_capacity                           as "maxCapacity",
       state                                  as state,
       state_reason                           as "stateReason",
       current_patient_count::float8          as "currentPatientCount",
       waiting_urgent::float8                 as urgent,
       waiting_high::float8                   as high,
       waiting_medium::float8                 as medium,
       waiting_low::float8                    as low,
       called::float8                         as called,
       in_consultation::float8                as "inConsultation",
       completed::float8                      as completed,
       no_show::float8                        as "noShow",
       cancelled::float8                      as cancelled,
       average_wait_ms                        as "averageWaitMs",
       created_at                             as "createdAt",
       last_modified_at                       as "lastModifiedAt",
       updated_position::float8               as "updatedPosition"
from waiting_queue_view
where $1::text is null or queue_id = $1
order by queue_id
limit 1000
