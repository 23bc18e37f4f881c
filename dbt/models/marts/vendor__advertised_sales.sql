{%- set place = ['account', 'marketplace_id'] -%}
{%- set kind = ['selling_program', 'distributor_view'] -%}
{#- Where sales are told of: Sponsored Products has several windows, of which Amazon's console shows vendors this one. -#}
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

sold as (
    select {{ (place + kind) | join(', ') }}, country_code, start_date as day, asin, ordered_revenue_amount, ordered_revenue_currency_code
    from {{ ref('stg_vendor_sales') }}
    where report_period = 'DAY'
),

-- Of other days it is not known what was spent.
spans as (
    select {{ place | join(', ') }}, min(day) as first_day, max(day) as last_day
    from spent
    group by {{ place | join(', ') }}
),

days as (
    select
        sold.account,
        sold.marketplace_id,
        sold.selling_program,
        sold.distributor_view,
        sold.day,
        max(sold.country_code) as country_code
    from sold
    inner join spans
        on sold.account = spans.account
        and sold.marketplace_id = spans.marketplace_id
        and sold.day between spans.first_day and spans.last_day
    group by sold.account, sold.marketplace_id, sold.selling_program, sold.distributor_view, sold.day
),

sold_or_advertised as (
    select {{ (place + kind) | join(', ') }}, day, asin from sold
    union all
    select days.account, days.marketplace_id, days.selling_program, days.distributor_view, days.day, spent.asin
    from days
    inner join spent
        on days.account = spent.account
        and days.marketplace_id = spent.marketplace_id
        and days.day = spent.day
),

products as (
    select distinct {{ (place + kind) | join(', ') }}, day, asin from sold_or_advertised
),

figures as (
    select
        products.*,
        days.country_code,
        coalesce(spent.impressions, 0) as impressions,
        coalesce(spent.clicks, 0) as clicks,
        coalesce(spent.cost_amount, 0) as cost_amount,
        coalesce(spent.advertised_sales_amount, 0) as advertised_sales_amount,
        spent.cost_currency_code,
        coalesce(sold.ordered_revenue_amount, 0) as ordered_revenue_amount,
        sold.ordered_revenue_currency_code
    from products
    inner join days
        on products.day = days.day
        {%- for column in place + kind %}
        and products.{{ column }} = days.{{ column }}
        {%- endfor %}
    left join spent
        on products.day = spent.day
        and products.asin = spent.asin
        {%- for column in place %}
        and products.{{ column }} = spent.{{ column }}
        {%- endfor %}
    left join sold
        on products.day = sold.day
        and products.asin = sold.asin
        {%- for column in place + kind %}
        and products.{{ column }} = sold.{{ column }}
        {%- endfor %}
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
from figures
