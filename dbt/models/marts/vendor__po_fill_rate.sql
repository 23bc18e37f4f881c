{%- set key = ['account', 'marketplace_id', 'purchase_order_number'] -%}
with orders as (
    select
        {{ key | join(', ') }},
        purchase_order_state,
        {{ json_text('order_details', 'delivery_window') }} as delivery_window
    from {{ ref('stg_vendor_purchase_orders') }}
),

-- A window is two times with two hyphens between them: its end is the day by which the vendor was to deliver.
windows as (
    select
        {{ key | join(', ') }},
        purchase_order_state,
        cast(nullif(substr({{ dbt.split_part('delivery_window', "'--'", 2) }}, 1, 10), '') as date) as deliver_by
    from orders
),

lines as (
    select
        *,
        {{ single_units('ordered_quantity_ordered_quantity') }} as ordered_units,
        {{ single_units('acknowledgement_status_accepted_quantity') }} as confirmed_units,
        {{ single_units('receiving_status_received_quantity') }} as received_units
    from {{ ref('stg_vendor_purchase_order_status_items') }}
)

select
    lines.account,
    lines.marketplace_id,
    lines.country_code,
    lines.purchase_order_number,
    lines.item_sequence_number,
    statuses.purchase_order_date,
    statuses.purchase_order_status,
    windows.purchase_order_state,
    lines.buyer_product_identifier as asin,
    lines.vendor_product_identifier,
    lines.acknowledgement_status_confirmation_status as confirmation_status,
    lines.receiving_status_receive_status as receive_status,
    lines.ordered_units,
    lines.confirmed_units,
    lines.received_units,
    {{ ratio('lines.confirmed_units', 'lines.ordered_units') }} as confirmation_rate,
    {{ ratio('lines.received_units', 'lines.confirmed_units') }} as receive_rate,
    windows.deliver_by,
    {{ utc_day('lines.receiving_status_last_receive_date') }} as last_received_on,
    {{ dbt.datediff('windows.deliver_by', utc_day('lines.receiving_status_last_receive_date'), 'day') }} as days_late,
    items.net_cost_amount as ordered_net_cost_amount,
    lines.net_cost_amount,
    lines.net_cost_amount - items.net_cost_amount as cost_variance_amount,
    lines.net_cost_currency_code,
    lines.seen_at
from lines
left join {{ ref('stg_vendor_purchase_order_statuses') }} as statuses
    on {{ equal_columns(key, 'lines', 'statuses') }}
left join windows
    on {{ equal_columns(key, 'lines', 'windows') }}
left join {{ ref('stg_vendor_purchase_order_items') }} as items
    on {{ equal_columns(key + ['item_sequence_number'], 'lines', 'items') }}
