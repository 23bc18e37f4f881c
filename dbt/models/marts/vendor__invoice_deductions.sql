-- What the vendor bills is short by its variances; what Amazon bills is deducted as a whole.
with lines as (
    select
        items.*,
        invoices.invoice_number,
        invoices.invoice_type,
        invoices.invoice_status,
        invoices.issue_date,
        invoices.due_date,
        case when items.line_item_type = 'GOODS' then 'variance' else 'charge' end as kind
    from {{ ref('stg_vendor_invoice_items') }} as items
    left join {{ ref('stg_vendor_invoices') }} as invoices
        on {{ equal_columns(['account', 'marketplace_id', 'invoice_identifier'], 'items', 'invoices') }}
)

select
    account,
    marketplace_id,
    country_code,
    invoice_identifier,
    line_item_id,
    invoice_number,
    invoice_type,
    invoice_status,
    issue_date,
    due_date,
    kind,
    service_charge_type,
    item_description,
    quantity as billed_units,
    total_amount_currency_amount as billed_amount,
    total_amount_currency_code as currency_code,
    matched_quantity as matched_units,
    paid_quantity as paid_units,
    paid_amount_currency_amount as paid_amount,
    quantity_variance as quantity_variance_units,
    case
        when kind = 'variance'
            then total_amount_currency_amount - matched_amount_currency_amount - price_variance_currency_amount
    end as quantity_variance_amount,
    price_variance_currency_amount as price_variance_amount,
    case
        when kind = 'charge' then total_amount_currency_amount
        -- A variance that was paid after all is none.
        when matched_amount_currency_amount is null or invoice_status = 'PAID' then 0
        else total_amount_currency_amount - matched_amount_currency_amount
    end as deducted_amount,
    seen_at
from lines
