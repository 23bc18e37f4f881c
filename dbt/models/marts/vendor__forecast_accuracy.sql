{%- set place = ['account', 'marketplace_id', 'selling_program'] -%}
with sales as (
    select {{ place | join(', ') }}, distributor_view, start_date, asin, ordered_units
    from {{ ref('stg_vendor_sales') }}
    where report_period = 'DAY'
),

forecasts as (
    select * from {{ ref('stg_vendor_forecasting') }}
    where start_date >= forecast_generation_date
),

weeks as (
    select {{ place | join(', ') }}, start_date, end_date
    from forecasts
    group by {{ place | join(', ') }}, start_date, end_date
),

sales_days as (
    select {{ place | join(', ') }}, distributor_view, start_date
    from sales
    group by {{ place | join(', ') }}, distributor_view, start_date
),

week_days as (
    select
        {{ columns_of('weeks', place) }},
        sales_days.distributor_view,
        weeks.start_date as week_start,
        weeks.end_date,
        sales_days.start_date as day,
        count(*) over (
            partition by
                {{ columns_of('weeks', place) }},
                sales_days.distributor_view,
                weeks.start_date,
                weeks.end_date
        ) as days
    from weeks
    inner join sales_days
        on {{ equal_columns(place, 'weeks', 'sales_days') }}
        and sales_days.start_date between weeks.start_date and weeks.end_date
),

-- Weeks of which each day was read: the demand of other weeks is not known.
whole_weeks as (
    select * from week_days
    where days = {{ dbt.datediff('week_start', 'end_date', 'day') }} + 1
),

demand as (
    select
        {{ columns_of('whole_weeks', place + ['distributor_view']) }},
        whole_weeks.week_start,
        sales.asin,
        sum(sales.ordered_units) as ordered_units
    from whole_weeks
    inner join sales
        on {{ equal_columns(place + ['distributor_view'], 'whole_weeks', 'sales') }}
        and whole_weeks.day = sales.start_date
    group by
        {{ columns_of('whole_weeks', place + ['distributor_view']) }},
        whole_weeks.week_start,
        sales.asin
),

-- One row for each whole week: that of its first day.
with_leads as (
    select
        forecasts.*,
        whole_weeks.distributor_view,
        cast(floor({{ dbt.datediff('forecasts.forecast_generation_date', 'forecasts.start_date', 'day') }} / 7) as {{ dbt.type_int() }}) + 1 as lead_weeks
    from forecasts
    inner join whole_weeks
        on {{ equal_columns(place, 'forecasts', 'whole_weeks') }}
        and forecasts.start_date = whole_weeks.week_start
        and forecasts.start_date = whole_weeks.day
),

-- One forecast for each lead: the newest, if Amazon made several in a week.
newest as (
    select
        *,
        row_number() over (
            partition by {{ place | join(', ') }}, distributor_view, asin, start_date, lead_weeks
            order by forecast_generation_date desc
        ) as age
    from with_leads
),

compared as (
    select
        newest.*,
        coalesce(demand.ordered_units, 0) as ordered_units
    from newest
    left join demand
        on {{ equal_columns(place + ['distributor_view', 'asin'], 'newest', 'demand') }}
        and newest.start_date = demand.week_start
    where newest.age = 1
)

select
    account,
    marketplace_id,
    country_code,
    selling_program,
    distributor_view,
    asin,
    start_date as week_start_date,
    end_date as week_end_date,
    lead_weeks,
    forecast_generation_date,
    ordered_units,
    mean_forecast_units,
    mean_forecast_units - ordered_units as error_units,
    abs(mean_forecast_units - ordered_units) as absolute_error_units,
    {{ ratio('(mean_forecast_units - ordered_units)', 'ordered_units') }} as bias,
    {{ ratio('abs(mean_forecast_units - ordered_units)', 'ordered_units') }} as wape,
    {%- for share in [70, 80, 90] %}
    p{{ share }}_forecast_units,
    case
        when p{{ share }}_forecast_units is null then null
        when ordered_units <= p{{ share }}_forecast_units then 1
        else 0
    end as p{{ share }}_hit{{ ',' if not loop.last }}
    {%- endfor %}
from compared
