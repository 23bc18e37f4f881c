{%- set key = ['account', 'marketplace_id', 'day', 'sku'] -%}
{#- Every amount has one of these places, so that they add up to the proceeds. -#}
{%- set places = ['sales', 'refunds', 'promotions', 'fees', 'advertising', 'tax', 'other'] -%}
-- The first line of a settlement holds the total of all others; only this line must have the currency.
with settlements as (
    select account, settlement_id, coalesce(max(currency), '(none)') as currency
    from {{ ref('stg_seller_settlements') }}
    group by account, settlement_id
),

amounts as (
    select
        lines.account,
        lines.marketplace_id,
        lines.posted_date as day,
        coalesce(lines.sku, '(none)') as sku,
        settlements.currency,
        lines.amount,
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
    from {{ ref('stg_seller_settlements') }} as lines
    inner join settlements
        on {{ equal_columns(['account', 'settlement_id'], 'lines', 'settlements') }}
    where transaction_type is not null and amount is not null
),

-- A return has no currency: it gets that of the marketplace's settlements.
currencies as (
    select account, marketplace_id, max(currency) as currency
    from amounts
    group by account, marketplace_id
),

entries as (
    select {{ key | join(', ') }}, currency, place, amount, units as units_sold, 0 as units_returned
    from amounts

    union all

    select
        returned.account,
        returned.marketplace_id,
        {{ utc_day('returned.return_date') }} as day,
        returned.sku,
        coalesce(currencies.currency, '(none)') as currency,
        'return' as place,
        0 as amount,
        0 as units_sold,
        returned.quantity as units_returned
    from {{ ref('stg_seller_customer_returns') }} as returned
    left join currencies
        on {{ equal_columns(['account', 'marketplace_id'], 'returned', 'currencies') }}
)

select
    {{ key | join(', ') }},
    currency,
    coalesce(sum(units_sold), 0) as units_sold,
    coalesce(sum(units_returned), 0) as units_returned,
    {%- for place in places %}
    sum(case when place = '{{ place }}' then amount else 0 end) as {{ place }}_amount,
    {%- endfor %}
    sum(amount) as proceeds_amount
from entries
group by {{ key | join(', ') }}, currency
