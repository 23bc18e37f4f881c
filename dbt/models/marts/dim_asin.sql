select
    account,
    marketplace_id,
    asin,
    min(start_date) as first_day,
    max(end_date) as last_day
from {{ ref('stg_vendor_sales') }}
group by account, marketplace_id, asin
