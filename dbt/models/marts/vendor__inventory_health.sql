{%- set place = ['account', 'marketplace_id', 'selling_program'] -%}
{%- set key = place + ['distributor_view', 'asin'] -%}
{%- set stock = [
    'country_code',
    'sellable_on_hand_inventory_units',
    'sellable_on_hand_inventory_cost_amount',
    'sellable_on_hand_inventory_cost_currency_code',
    'aged90_plus_days_sellable_inventory_units',
    'aged90_plus_days_sellable_inventory_cost_amount',
    'sell_through_rate',
    'open_purchase_order_units',
    'unsellable_on_hand_inventory_units',
    'report_id',
] -%}
{%- set totals = ['in_4_weeks', 'in_8_weeks', 'in_forecast', 'forecast_units'] -%}
-- Sales before the first day that was read are not known, so totals that need them are null.
with sales_days as (
    select {{ place | join(', ') }}, distributor_view, min(start_date) as first_day, max(start_date) as last_day
    from {{ ref('stg_vendor_sales') }}
    where report_period = 'DAY'
    group by {{ place | join(', ') }}, distributor_view
),

days as (
    select distinct {{ place | join(', ') }}, distributor_view, start_date as day
    from {{ ref('stg_vendor_inventory') }}
    where report_period = 'DAY'
),

weeks as (
    select distinct {{ place | join(', ') }}, forecast_generation_date, start_date
    from {{ ref('stg_vendor_forecasting') }}
),

-- For each day, the newest forecast made by then, and its first week that begins after the day.
weeks_of_days as (
    select
        {{ columns_of('days', place + ['distributor_view', 'day']) }},
        weeks.forecast_generation_date,
        weeks.start_date,
        row_number() over (
            partition by {{ columns_of('days', place + ['distributor_view', 'day']) }}
            order by weeks.forecast_generation_date desc, weeks.start_date
        ) as age
    from days
    inner join weeks
        on {{ equal_columns(place, 'days', 'weeks') }}
        and days.day >= weeks.forecast_generation_date
        and days.day < weeks.start_date
),

next_weeks as (
    select * from weeks_of_days
    where age = 1
),

-- What a forecast expects for each week and the three weeks after it.
four_weeks as (
    select
        {{ place | join(', ') }},
        asin,
        forecast_generation_date,
        start_date,
        lead(start_date, 3) over (
            partition by {{ place | join(', ') }}, asin, forecast_generation_date order by start_date
        ) as last_start_date,
        sum(mean_forecast_units) over (
            partition by {{ place | join(', ') }}, asin, forecast_generation_date order by start_date
            rows between current row and 3 following
        ) as units
    from {{ ref('stg_vendor_forecasting') }}
),

-- The days for which each of these totals is the newest.
forecasts as (
    select
        {{ columns_of('next_weeks', place) }},
        next_weeks.distributor_view,
        four_weeks.asin,
        min(next_weeks.day) as first_day,
        max(next_weeks.day) as last_day,
        max(four_weeks.units) as units
    from next_weeks
    inner join four_weeks
        on {{ equal_columns(place + ['forecast_generation_date', 'start_date'], 'next_weeks', 'four_weeks') }}
    where four_weeks.last_start_date = {{ days_later('four_weeks.start_date', 21) }}
        and four_weeks.units is not null
        and next_weeks.day >= {{ days_later('next_weeks.start_date', -7) }}
    group by
        {{ columns_of('next_weeks', place) }},
        next_weeks.distributor_view,
        four_weeks.asin,
        next_weeks.forecast_generation_date,
        next_weeks.start_date
),

-- A sale is added on its day and subtracted four and eight weeks later; a forecast is added on its first day and
-- subtracted after its last one. A running total then gives the value of each day. The stock of a day sorts after its
-- movements. All rows are in one union, because query planners misjudge joins on so many columns.
movements as (
    select
        {{ key | join(', ') }},
        start_date as day,
        1 as is_stock,
        {%- for column in totals %}
        0 as {{ column }},
        {%- endfor %}
        {{ stock | join(', ') }}
    from {{ ref('stg_vendor_inventory') }}
    where report_period = 'DAY'
    {%- for days, in_4, in_8 in [(0, 1, 1), (28, -1, 0), (56, 0, -1)] %}

    union all

    select
        {{ key | join(', ') }},
        {{ days_later('start_date', days) }} as day,
        0 as is_stock,
        {{ in_4 }} * coalesce(shipped_units, 0) as in_4_weeks,
        {{ in_8 }} * coalesce(shipped_units, 0) as in_8_weeks,
        0 as in_forecast,
        0 as forecast_units,
        {%- for column in stock %}
        null as {{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ ref('stg_vendor_sales') }}
    where report_period = 'DAY'
        and {{ days_later('start_date', days) }} <= (select max(day) from days)
    {%- endfor %}
    {%- for day, sign in [('first_day', 1), (days_later('last_day', 1), -1)] %}

    union all

    select
        {{ key | join(', ') }},
        {{ day }} as day,
        0 as is_stock,
        0 as in_4_weeks,
        0 as in_8_weeks,
        {{ sign }} as in_forecast,
        {{ sign }} * units as forecast_units,
        {%- for column in stock %}
        null as {{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    from forecasts
    {%- endfor %}
),

running as (
    select
        {{ key | join(', ') }},
        day,
        is_stock,
        {%- for column in totals %}
        sum({{ column }}) over (
            partition by {{ key | join(', ') }} order by day, is_stock
            rows between unbounded preceding and current row
        ) as {{ column }},
        {%- endfor %}
        {{ stock | join(', ') }}
    from movements
),

figures as (
    select
        running.*,
        {%- for weeks in [4, 8] %}
        case
            when sales_days.first_day <= {{ days_later('running.day', 1 - 7 * weeks) }}
                and sales_days.last_day >= running.day
                then running.in_{{ weeks }}_weeks
        end as shipped_units_{{ weeks }}_weeks,
        {%- endfor %}
        next_weeks.forecast_generation_date,
        case when running.in_forecast = 1 then running.forecast_units end as forecast_units_4_weeks
    from running
    left join sales_days
        on {{ equal_columns(place + ['distributor_view'], 'running', 'sales_days') }}
    left join next_weeks
        on {{ equal_columns(place + ['distributor_view', 'day'], 'running', 'next_weeks') }}
    where running.is_stock = 1
)

select
    account,
    marketplace_id,
    country_code,
    selling_program,
    distributor_view,
    day,
    asin,
    sellable_on_hand_inventory_units,
    sellable_on_hand_inventory_cost_amount,
    sellable_on_hand_inventory_cost_currency_code,
    shipped_units_4_weeks,
    shipped_units_8_weeks,
    {{ ratio('4 * sellable_on_hand_inventory_units', 'shipped_units_4_weeks') }} as weeks_of_cover_4_weeks,
    {{ ratio('8 * sellable_on_hand_inventory_units', 'shipped_units_8_weeks') }} as weeks_of_cover_8_weeks,
    forecast_generation_date,
    forecast_units_4_weeks,
    {{ ratio('4 * sellable_on_hand_inventory_units', 'forecast_units_4_weeks') }} as weeks_of_cover_forecast,
    aged90_plus_days_sellable_inventory_units,
    aged90_plus_days_sellable_inventory_cost_amount,
    {{ ratio('aged90_plus_days_sellable_inventory_units', 'sellable_on_hand_inventory_units') }} as aged90_plus_days_share,
    sell_through_rate,
    open_purchase_order_units,
    unsellable_on_hand_inventory_units,
    report_id
from figures
