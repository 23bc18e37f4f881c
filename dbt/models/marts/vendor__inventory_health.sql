{%- set key = ['account', 'marketplace_id', 'selling_program', 'distributor_view', 'asin'] -%}
with inventory as (
    select * from {{ ref('stg_vendor_inventory') }}
    where report_period = 'DAY'
),

sales as (
    select * from {{ ref('stg_vendor_sales') }}
    where report_period = 'DAY'
),

-- Each sale comes in on its day and goes out four and eight weeks later, so a running total is a trailing one.
changes as (
    select {{ key | join(', ') }}, start_date as day, 0 as in_4_weeks, 0 as in_8_weeks
    from inventory
    {%- for days, in_4, in_8 in [(0, 1, 1), (28, -1, 0), (56, 0, -1)] %}
    union all
    select
        {{ key | join(', ') }},
        {{ days_later('start_date', days) }},
        {{ in_4 }} * coalesce(shipped_units, 0),
        {{ in_8 }} * coalesce(shipped_units, 0)
    from sales
    {%- endfor %}
),

changes_by_day as (
    select {{ key | join(', ') }}, day, sum(in_4_weeks) as in_4_weeks, sum(in_8_weeks) as in_8_weeks
    from changes
    group by {{ key | join(', ') }}, day
),

shipped as (
    select
        {{ key | join(', ') }},
        day,
        {%- for weeks in [4, 8] %}
        sum(in_{{ weeks }}_weeks) over (
            partition by {{ key | join(', ') }} order by day rows between unbounded preceding and current row
        ) as shipped_units_{{ weeks }}_weeks{{ ',' if not loop.last }}
        {%- endfor %}
    from changes_by_day
),

-- What was sold before the first day that was read is not known, and no sum of it is made.
sales_days as (
    select account, marketplace_id, selling_program, distributor_view, min(start_date) as first_day, max(start_date) as last_day
    from sales
    group by account, marketplace_id, selling_program, distributor_view
),

generations as (
    select
        account,
        marketplace_id,
        selling_program,
        forecast_generation_date,
        lead(forecast_generation_date) over (
            partition by account, marketplace_id, selling_program order by forecast_generation_date
        ) as next_generation_date
    from {{ ref('stg_vendor_forecasting') }}
    group by account, marketplace_id, selling_program, forecast_generation_date
),

-- The four weeks that begin after the day, as the newest forecast of that day had them.
forecast as (
    select
        {%- for column in key %}
        inventory.{{ column }},
        {%- endfor %}
        inventory.start_date as day,
        max(generations.forecast_generation_date) as forecast_generation_date,
        case when count(*) = 4 then sum(weeks.mean_forecast_units) end as forecast_units_4_weeks
    from inventory
    inner join generations
        on inventory.account = generations.account
        and inventory.marketplace_id = generations.marketplace_id
        and inventory.selling_program = generations.selling_program
        and inventory.start_date >= generations.forecast_generation_date
        and (inventory.start_date < generations.next_generation_date or generations.next_generation_date is null)
    inner join {{ ref('stg_vendor_forecasting') }} as weeks
        on generations.account = weeks.account
        and generations.marketplace_id = weeks.marketplace_id
        and generations.selling_program = weeks.selling_program
        and generations.forecast_generation_date = weeks.forecast_generation_date
        and inventory.asin = weeks.asin
        and weeks.start_date > inventory.start_date
        and weeks.start_date <= {{ days_later('inventory.start_date', 28) }}
    group by
        {%- for column in key %}
        inventory.{{ column }},
        {%- endfor %}
        inventory.start_date
),

figures as (
    select
        inventory.*,
        {%- for weeks in [4, 8] %}
        case
            when sales_days.first_day <= {{ days_later('inventory.start_date', 1 - 7 * weeks) }}
                and sales_days.last_day >= inventory.start_date
                then shipped.shipped_units_{{ weeks }}_weeks
        end as shipped_units_{{ weeks }}_weeks,
        {%- endfor %}
        forecast.forecast_generation_date,
        forecast.forecast_units_4_weeks
    from inventory
    inner join shipped
        on inventory.start_date = shipped.day
        {%- for column in key %}
        and inventory.{{ column }} = shipped.{{ column }}
        {%- endfor %}
    left join sales_days
        on inventory.account = sales_days.account
        and inventory.marketplace_id = sales_days.marketplace_id
        and inventory.selling_program = sales_days.selling_program
        and inventory.distributor_view = sales_days.distributor_view
    left join forecast
        on inventory.start_date = forecast.day
        {%- for column in key %}
        and inventory.{{ column }} = forecast.{{ column }}
        {%- endfor %}
)

select
    account,
    marketplace_id,
    country_code,
    selling_program,
    distributor_view,
    start_date as day,
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
