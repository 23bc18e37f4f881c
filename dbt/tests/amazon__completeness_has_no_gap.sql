{# Fails on each day that a stream wanted and does not have. `later` and `skipped` are no gap: the next run takes the
   former up, and the latter says what the account lacks. #}
select *
from {{ ref('amazon__completeness') }}
where state in ('failed', 'missing')
