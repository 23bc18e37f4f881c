{%- set key = ['account', 'marketplace_id', 'day', 'sku'] -%}
{#- Every amount has one of these places, so that they add up to the proceeds. -#}
{%- set places = ['sales', 'refunds', 'promotions', 'fees', 'advertising', 'tax', 'other'] -%}
-- The first line of a settlement holds the total of all others, and alone has to tell the currency.
with lines as (
    select
        *,
        coalesce(max(currency) over (partition by account, settlement_id), '(none)') as settlement_currency
    from {{ ref('stg_seller_settlements') }}
),

amounts as (
    select
        account,
        marketplace_id,
        posted_date as day,
        coalesce(sku, '(none)') as sku,
        settlement_currency as currency,
        amount,
        case when transaction_type = 'Order' and amount_type = 'ItemPrice' and amount_description = 'Principal'
            then quantity_purchased
        end as units,
        case
            when amount_type = 'ItemWithheldTax' or (amount_type = 'ItemPrice' and amount_description like '%Tax')
                then 'tax'
            when amount_type = 'ItemPrice' and transaction_type = 'Order' then 'sales'
            when amount_type = 'ItemPrice' then 'refunds'
            when amount_type = 'Promotion' then 'promotions'
            when amount_type = 'ItemFees' then 'fees'
            when amount_type = 'Cost of Advertising' then 'advertising'
            else 'other'
        end as place
    from lines
    where transaction_type is not null and amount is not null
),

money as (
    select
        {{ key | join(', ') }},
        currency,
        sum(units) as units_sold,
        {%- for place in places %}
        sum(case when place = '{{ place }}' then amount else 0 end) as {{ place }}_amount,
        {%- endfor %}
        sum(amount) as proceeds_amount
    from amounts
    group by {{ key | join(', ') }}, currency
),

-- A return has no currency: it is told with that of the marketplace's settlements.
currencies as (
    select account, marketplace_id, max(currency) as currency
    from amounts
    group by account, marketplace_id
),

returns as (
    select
        returned.account,
        returned.marketplace_id,
        {{ utc_day('returned.return_date') }} as day,
        returned.sku,
        coalesce(currencies.currency, '(none)') as currency,
        sum(returned.quantity) as units_returned
    from {{ ref('stg_seller_customer_returns') }} as returned
    left join currencies
        on returned.account = currencies.account
        and returned.marketplace_id = currencies.marketplace_id
    group by
        returned.account,
        returned.marketplace_id,
        {{ utc_day('returned.return_date') }},
        returned.sku,
        coalesce(currencies.currency, '(none)')
),

rows_of_both as (
    select {{ key | join(', ') }}, currency from money
    union all
    select {{ key | join(', ') }}, currency from returns
),

rows_once as (
    select distinct {{ key | join(', ') }}, currency from rows_of_both
)

select
    {%- for column in key %}
    rows_once.{{ column }},
    {%- endfor %}
    rows_once.currency,
    coalesce(money.units_sold, 0) as units_sold,
    coalesce(returns.units_returned, 0) as units_returned,
    {%- for place in places + ['proceeds'] %}
    coalesce(money.{{ place }}_amount, 0) as {{ place }}_amount{{ ',' if not loop.last }}
    {%- endfor %}
from rows_once
left join money
    on rows_once.currency = money.currency
    {%- for column in key %}
    and rows_once.{{ column }} = money.{{ column }}
    {%- endfor %}
left join returns
    on rows_once.currency = returns.currency
    {%- for column in key %}
    and rows_once.{{ column }} = returns.{{ column }}
    {%- endfor %}
