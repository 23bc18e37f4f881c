{%- set key = ['account', 'marketplace_id', 'report_period', 'asin'] -%}
with margins as (
    select
        *,
        lag(end_date) over (partition by {{ key | join(', ') }} order by start_date) as last_end_date,
        lag(net_pure_product_margin) over (partition by {{ key | join(', ') }} order by start_date) as last_margin
    from {{ ref('stg_vendor_net_pure_product_margin') }}
),

-- Compared with the period just before, and with no other one.
compared as (
    select
        *,
        case when {{ days_later('last_end_date', 1) }} = start_date then last_margin end as previous_net_pure_product_margin
    from margins
)

select
    account,
    marketplace_id,
    country_code,
    report_period,
    start_date,
    end_date,
    asin,
    net_pure_product_margin,
    previous_net_pure_product_margin,
    net_pure_product_margin - previous_net_pure_product_margin as change,
    report_id
from compared
