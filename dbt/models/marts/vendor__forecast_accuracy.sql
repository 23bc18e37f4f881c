{%- set place = ['account', 'marketplace_id', 'selling_program'] -%}
with sales as (
    select * from {{ ref('stg_vendor_sales') }}
    where report_period = 'DAY'
),

forecasts as (
    select
        *,
        cast(floor({{ dbt.datediff('forecast_generation_date', 'start_date', 'day') }} / 7) as {{ dbt.type_int() }}) + 1 as lead_weeks
    from {{ ref('stg_vendor_forecasting') }}
    where start_date >= forecast_generation_date
),

-- One forecast of each lead: the newest, should Amazon make several in a week.
newest as (
    select
        *,
        row_number() over (
            partition by {{ place | join(', ') }}, asin, start_date, lead_weeks order by forecast_generation_date desc
        ) as age
    from forecasts
),

weeks as (
    select distinct {{ place | join(', ') }}, start_date, end_date from newest
),

-- Weeks of which each day was read: of another one the demand is not known.
whole_weeks as (
    select
        {%- for column in place %}
        weeks.{{ column }},
        {%- endfor %}
        weeks.start_date,
        weeks.end_date,
        sales.distributor_view
    from weeks
    inner join sales
        on sales.start_date between weeks.start_date and weeks.end_date
        {%- for column in place %}
        and weeks.{{ column }} = sales.{{ column }}
        {%- endfor %}
    group by
        {%- for column in place %}
        weeks.{{ column }},
        {%- endfor %}
        weeks.start_date,
        weeks.end_date,
        sales.distributor_view
    having count(distinct sales.start_date) = {{ dbt.datediff('weeks.start_date', 'weeks.end_date', 'day') }} + 1
),

demand as (
    select
        {%- for column in place %}
        weeks.{{ column }},
        {%- endfor %}
        weeks.distributor_view,
        weeks.start_date,
        sales.asin,
        sum(sales.ordered_units) as ordered_units
    from whole_weeks as weeks
    inner join sales
        on weeks.distributor_view = sales.distributor_view
        and sales.start_date between weeks.start_date and weeks.end_date
        {%- for column in place %}
        and weeks.{{ column }} = sales.{{ column }}
        {%- endfor %}
    group by
        {%- for column in place %}
        weeks.{{ column }},
        {%- endfor %}
        weeks.distributor_view,
        weeks.start_date,
        sales.asin
),

compared as (
    select
        newest.*,
        weeks.distributor_view,
        coalesce(demand.ordered_units, 0) as ordered_units
    from newest
    inner join whole_weeks as weeks
        on newest.start_date = weeks.start_date
        {%- for column in place %}
        and newest.{{ column }} = weeks.{{ column }}
        {%- endfor %}
    left join demand
        on newest.start_date = demand.start_date
        and newest.asin = demand.asin
        and weeks.distributor_view = demand.distributor_view
        {%- for column in place %}
        and newest.{{ column }} = demand.{{ column }}
        {%- endfor %}
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
