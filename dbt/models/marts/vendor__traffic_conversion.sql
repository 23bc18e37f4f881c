{%- set period = ['account', 'marketplace_id', 'report_period', 'start_date', 'end_date'] -%}
{%- set kind = ['selling_program', 'distributor_view'] -%}
with periods as (
    select {{ (period + kind) | join(', ') }}, max(country_code) as country_code
    from {{ ref('stg_vendor_sales') }}
    group by {{ (period + kind) | join(', ') }}
),

-- Products that were sold or seen: what was seen and not sold converts at zero.
sold_or_seen as (
    select {{ (period + kind) | join(', ') }}, asin from {{ ref('stg_vendor_sales') }}
    union all
    select
        {%- for column in period + kind %}
        periods.{{ column }},
        {%- endfor %}
        traffic.asin
    from periods
    inner join {{ ref('stg_vendor_traffic') }} as traffic
        on periods.account = traffic.account
        {%- for column in period[1:] %}
        and periods.{{ column }} = traffic.{{ column }}
        {%- endfor %}
),

products as (
    select distinct {{ (period + kind) | join(', ') }}, asin from sold_or_seen
),

figures as (
    select
        products.*,
        periods.country_code,
        traffic.glance_views,
        coalesce(sales.ordered_units, 0) as ordered_units,
        sales.ordered_revenue_amount,
        sales.ordered_revenue_currency_code
    from products
    inner join periods
        on products.account = periods.account
        {%- for column in period[1:] + kind %}
        and products.{{ column }} = periods.{{ column }}
        {%- endfor %}
    left join {{ ref('stg_vendor_sales') }} as sales
        on products.asin = sales.asin
        {%- for column in period + kind %}
        and products.{{ column }} = sales.{{ column }}
        {%- endfor %}
    left join {{ ref('stg_vendor_traffic') }} as traffic
        on products.asin = traffic.asin
        {%- for column in period %}
        and products.{{ column }} = traffic.{{ column }}
        {%- endfor %}
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
