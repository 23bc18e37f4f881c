{# The figures of vendor_sales that Amazon restates. #}
{% macro sales_figures() %}
{{ return([
    'ordered_units',
    'ordered_revenue_amount',
    'shipped_units',
    'shipped_revenue_amount',
    'shipped_cogs_amount',
    'customer_returns',
]) }}
{% endmacro %}
