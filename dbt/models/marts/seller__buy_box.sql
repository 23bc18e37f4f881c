{%- set product = ['account', 'marketplace_id', 'date_granularity', 'parent_asin', 'child_asin', 'sku'] -%}
with figures as (
    select
        *,
        {{ period_before('traffic_by_asin_buy_box_percentage', product) }} as previous_buy_box_percentage
    from {{ ref('stg_seller_sales_and_traffic_by_asin') }}
)

select
    account,
    marketplace_id,
    country_code,
    date_granularity,
    start_date,
    end_date,
    parent_asin,
    child_asin,
    sku,
    traffic_by_asin_buy_box_percentage as buy_box_percentage,
    previous_buy_box_percentage,
    traffic_by_asin_buy_box_percentage - previous_buy_box_percentage as change,
    traffic_by_asin_page_views as page_views,
    traffic_by_asin_page_views * (100 - traffic_by_asin_buy_box_percentage) / 100 as page_views_without_buy_box,
    traffic_by_asin_sessions as sessions,
    sales_by_asin_units_ordered as units_ordered,
    sales_by_asin_ordered_product_sales_amount as ordered_product_sales_amount,
    sales_by_asin_ordered_product_sales_currency_code as ordered_product_sales_currency_code,
    report_id
from figures
