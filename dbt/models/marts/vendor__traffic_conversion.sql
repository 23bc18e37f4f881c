{%- set period = ['account', 'marketplace_id', 'report_period', 'start_date', 'end_date'] -%}
{%- set kind = ['selling_program', 'distributor_view'] -%}
with periods as (
    select {{ (period + kind) | join(', ') }}, max(country_code) as country_code
    from {{ ref('stg_vendor_sales') }}
    group by {{ (period + kind) | join(', ') }}
),

-- Amazon counts glance views for the whole marketplace: they are repeated for each program and distributor view.
seen as (
    select
        {{ columns_of('periods', period + kind) }},
        periods.country_code,
        traffic.asin,
        traffic.glance_views
    from periods
    inner join {{ ref('stg_vendor_traffic') }} as traffic
        on {{ equal_columns(period, 'periods', 'traffic') }}
),

sold_or_seen as (
    select
        {{ (period + kind) | join(', ') }},
        country_code,
        asin,
        null as glance_views,
        ordered_units,
        ordered_revenue_amount,
        ordered_revenue_currency_code
    from {{ ref('stg_vendor_sales') }}

    union all

    select
        {{ (period + kind) | join(', ') }},
        country_code,
        asin,
        glance_views,
        null as ordered_units,
        null as ordered_revenue_amount,
        null as ordered_revenue_currency_code
    from seen
),

-- A product that was seen but not sold has a conversion of zero.
figures as (
    select
        {{ (period + kind) | join(', ') }},
        asin,
        max(country_code) as country_code,
        max(glance_views) as glance_views,
        coalesce(max(ordered_units), 0) as ordered_units,
        max(ordered_revenue_amount) as ordered_revenue_amount,
        max(ordered_revenue_currency_code) as ordered_revenue_currency_code
    from sold_or_seen
    group by {{ (period + kind) | join(', ') }}, asin
)

select
    account,
    marketplace_id,
    country_code,
    selling_program,
    distributor_view,
    report_period,
    start_date,
    end_date,
    asin,
    glance_views,
    ordered_units,
    ordered_revenue_amount,
    ordered_revenue_currency_code,
    {{ ratio('ordered_units', 'glance_views') }} as conversion
from figures
