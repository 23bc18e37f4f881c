{%- set key = ['account', 'marketplace_id', 'stream_name', 'report_options'] -%}
{#- The best first: a day that was written once stays written. -#}
{%- set states = ['loaded', 'empty', 'failed', 'later', 'skipped', 'missing'] -%}
{#- No window is longer than this many days, and no stream goes back so far. -#}
with numbers as (
    {{ dbt.generate_series(8000) }}
),

windows as (
    select
        {{ key | join(', ') }},
        country_code,
        window_start,
        window_end,
        rejected,
        case outcome
            {%- for state in states[:-1] %}
            when '{{ state }}' then {{ loop.index }}
            {%- endfor %}
        end as place,
        {{ utc_day('window_start') }} as first_day,
        -- Hours count where one window begins or ends within a day.
        max(case
            when {{ utc_day('window_start') }} = {{ utc_day_before('window_start') }}
                or {{ utc_day('window_end') }} = {{ utc_day_before('window_end') }} then 1
            else 0
        end) over (partition by {{ key | join(', ') }}) as is_hourly,
        min(case when {{ utc_day('window_start') }} = {{ utc_day('recorded_at') }} then 1 else 0 end)
            over (partition by {{ key | join(', ') }}) as is_snapshot
    from {{ ref('stg_report_ledger') }}
),

day_windows as (
    select
        {{ key | join(', ') }},
        country_code,
        place,
        case when place = 1 then 1 else 0 end as times_loaded,
        rejected,
        is_snapshot,
        first_day,
        case
            when is_hourly = 1 and window_end > window_start then {{ utc_day_before('window_end') }}
            else {{ utc_day('window_end') }}
        end as last_day
    from windows
),

-- From the first to the last day that was wanted. Single reports and files don't join, nor do snapshots.
spans as (
    select {{ key | join(', ') }}, min(first_day) as first_day, max(last_day) as last_day
    from day_windows
    where is_snapshot = 0
        and ',' || report_options not like '%,reportId=%'
        and ',' || report_options not like '%,inbox=%'
    group by {{ key | join(', ') }}
),

ranges as (
    select
        {{ key | join(', ') }},
        country_code,
        place,
        times_loaded,
        rejected,
        first_day,
        {{ dbt.datediff('first_day', 'last_day', 'day') }} as later_days
    from day_windows

    union all

    select
        {{ key | join(', ') }},
        cast(null as {{ dbt.type_string() }}) as country_code,
        {{ states | length }} as place,
        0 as times_loaded,
        0 as rejected,
        first_day,
        {{ dbt.datediff('first_day', 'last_day', 'day') }} as later_days
    from spans
),

-- Ranges have few different lengths: day numbers are generated once for each length, and joined to the ranges by length.
lengths as (
    select distinct later_days from ranges
),

days_of_lengths as (
    select lengths.later_days, numbers.generated_number - 1 as days
    from lengths
    inner join numbers
        on numbers.generated_number <= lengths.later_days + 1
),

days as (
    select
        ranges.*,
        {{ days_later('ranges.first_day', 'days_of_lengths.days') }} as day
    from ranges
    inner join days_of_lengths
        on ranges.later_days = days_of_lengths.later_days
)

select
    {{ key | join(', ') }},
    max(country_code) as country_code,
    day,
    case min(place)
        {%- for state in states %}
        when {{ loop.index }} then '{{ state }}'
        {%- endfor %}
    end as state,
    sum(times_loaded) as times_loaded,
    sum(rejected) as rejected
from days
group by {{ key | join(', ') }}, day
