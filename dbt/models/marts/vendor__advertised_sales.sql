{%- set place = ['account', 'marketplace_id'] -%}
{%- set kind = ['selling_program', 'distributor_view'] -%}
{%- set figures = ['impressions', 'clicks', 'cost_amount', 'advertised_sales_amount'] -%}
{#- The columns with sales. Sponsored Products has several attribution windows; Amazon's console shows vendors this one. -#}
{%- set advertising = {'ads_sp_advertised_products': 'sales14d', 'ads_sd_advertised_products': 'sales'} -%}
with advertised as (
    {%- for stream, sales in advertising.items() %}
    select
        {{ place | join(', ') }},
        date as day,
        coalesce(asin, '(none)') as asin,
        campaign_budget_currency_code,
        impressions,
        clicks,
        cost,
        {{ sales }} as sales
    from {{ ref('stg_' ~ stream) }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

-- Of all campaigns and profiles of the account in the marketplace.
spent as (
    select
        {{ place | join(', ') }},
        day,
        asin,
        max(campaign_budget_currency_code) as cost_currency_code,
        sum(impressions) as impressions,
        sum(clicks) as clicks,
        sum(cost) as cost_amount,
        sum(sales) as advertised_sales_amount
    from advertised
    group by {{ place | join(', ') }}, day, asin
),

-- What was spent on other days is not known.
spans as (
    select {{ place | join(', ') }}, min(day) as first_day, max(day) as last_day
    from spent
    group by {{ place | join(', ') }}
),

sold as (
    select
        sales.account,
        sales.marketplace_id,
        sales.selling_program,
        sales.distributor_view,
        sales.start_date as day,
        sales.country_code,
        sales.asin,
        sales.ordered_revenue_amount,
        sales.ordered_revenue_currency_code
    from {{ ref('stg_vendor_sales') }} as sales
    inner join spans
        on {{ equal_columns(place, 'sales', 'spans') }}
        and sales.start_date between spans.first_day and spans.last_day
    where sales.report_period = 'DAY'
),

days as (
    select {{ (place + kind) | join(', ') }}, day, max(country_code) as country_code
    from sold
    group by {{ (place + kind) | join(', ') }}, day
),

-- The cost is repeated for each program and view.
sold_or_advertised as (
    select
        {{ (place + kind) | join(', ') }},
        day,
        country_code,
        asin,
        ordered_revenue_amount,
        ordered_revenue_currency_code,
        {%- for figure in figures %}
        0 as {{ figure }},
        {%- endfor %}
        null as cost_currency_code
    from sold

    union all

    select
        {{ columns_of('days', place + kind + ['day', 'country_code']) }},
        spent.asin,
        0 as ordered_revenue_amount,
        null as ordered_revenue_currency_code,
        {%- for figure in figures %}
        spent.{{ figure }},
        {%- endfor %}
        spent.cost_currency_code
    from days
    inner join spent
        on {{ equal_columns(place + ['day'], 'days', 'spent') }}
),

totals as (
    select
        {{ (place + kind) | join(', ') }},
        max(country_code) as country_code,
        day,
        asin,
        {%- for figure in figures + ['ordered_revenue_amount'] %}
        coalesce(sum({{ figure }}), 0) as {{ figure }},
        {%- endfor %}
        max(cost_currency_code) as cost_currency_code,
        max(ordered_revenue_currency_code) as ordered_revenue_currency_code
    from sold_or_advertised
    group by {{ (place + kind) | join(', ') }}, day, asin
)

select
    account,
    marketplace_id,
    country_code,
    selling_program,
    distributor_view,
    day,
    asin,
    impressions,
    clicks,
    cost_amount,
    cost_currency_code,
    advertised_sales_amount,
    ordered_revenue_amount,
    ordered_revenue_currency_code,
    {{ ratio('cost_amount', 'ordered_revenue_amount') }} as tacos
from totals
