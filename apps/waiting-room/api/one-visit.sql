-- The visit $1.
select /* columns */
from visits_view v
where visit_id = $1
