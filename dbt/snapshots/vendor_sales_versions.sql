{# The tap upserts, so that a restated figure replaces the former one. Here each version of a day's figures stays:
   `dbt build` adds a row where a figure differs from the last version. loaded_at is read with it, because the ledger too
   only knows the last report of a window. #}
{% snapshot vendor_sales_versions %}
{{ config(
    unique_key=['account', 'marketplace_id', 'selling_program', 'distributor_view', 'start_date', 'asin'],
    strategy='check',
    check_cols=sales_figures(),
) }}
with loads as (
    select account, report_id, min(loaded_at) as loaded_at
    from {{ ref('stg_report_ledger') }}
    where stream_name = 'vendor_sales' and outcome = 'loaded'
    group by account, report_id
)

select
    sales.account,
    sales.marketplace_id,
    sales.selling_program,
    sales.distributor_view,
    sales.start_date,
    sales.asin,
    {%- for figure in sales_figures() %}
    sales.{{ figure }},
    {%- endfor %}
    sales.report_id,
    loads.loaded_at
from {{ ref('stg_vendor_sales') }} as sales
left join loads on sales.account = loads.account and sales.report_id = loads.report_id
where sales.report_period = 'DAY'
{% endsnapshot %}
