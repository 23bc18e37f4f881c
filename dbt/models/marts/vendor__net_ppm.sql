with margins as (
    select
        *,
        {{ period_before('net_pure_product_margin', ['account', 'marketplace_id', 'report_period', 'asin']) }}
            as previous_net_pure_product_margin
    from {{ ref('stg_vendor_net_pure_product_margin') }}
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
from margins
