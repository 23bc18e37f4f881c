{#- Each stream that tells of products, with the first and last day of what a row is about. -#}
{%- set streams = {
    'vendor_sales': ['asin', 'start_date', 'end_date'],
    'vendor_inventory': ['asin', 'start_date', 'end_date'],
    'vendor_traffic': ['asin', 'start_date', 'end_date'],
    'vendor_net_pure_product_margin': ['asin', 'start_date', 'end_date'],
    'vendor_forecasting': ['asin', 'forecast_generation_date', 'forecast_generation_date'],
    'vendor_purchase_order_status_items': [
        'buyer_product_identifier', utc_day('last_updated_date'), utc_day('last_updated_date'),
    ],
    'ads_sp_advertised_products': ['asin', 'date', 'date'],
    'ads_sd_advertised_products': ['asin', 'date', 'date'],
} -%}
with mentions as (
    {%- for stream, (asin, first_day, last_day) in streams.items() %}
    select account, marketplace_id, {{ asin }} as asin, min({{ first_day }}) as first_day, max({{ last_day }}) as last_day
    from {{ ref('stg_' ~ stream) }}
    where {{ asin }} is not null
    group by account, marketplace_id, {{ asin }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select
    account,
    marketplace_id,
    asin,
    min(first_day) as first_day,
    max(last_day) as last_day
from mentions
group by account, marketplace_id, asin
