{# The figure of the period just before; null if that period was not read. #}
{% macro period_before(figure, key) %}
{%- set before = 'over (partition by ' ~ key | join(', ') ~ ' order by start_date)' -%}
case when {{ days_later('lag(end_date) ' ~ before, 1) }} = start_date then lag({{ figure }}) {{ before }} end
{%- endmacro %}
