{# The warehouse's type for a kind of column. #}
{% macro column_type(kind) %}
{%- if kind == 'integer' -%}{{ dbt.type_bigint() }}
{%- elif kind == 'number' -%}{{ exact_number() }}
{%- elif kind == 'boolean' -%}{{ dbt.type_boolean() }}
{%- elif kind == 'date' -%}date
{%- elif kind == 'instant' -%}{{ instant() }}
{%- else -%}{{ dbt.type_string() }}
{%- endif -%}
{% endmacro %}

{# Money adds up exactly: no floating point. dbt's own type_numeric keeps too few decimals of a share. #}
{% macro exact_number() %}{{ return(adapter.dispatch('exact_number', 'amazon_vendor')()) }}{% endmacro %}
{% macro default__exact_number() %}numeric(38, 9){% endmacro %}
{% macro bigquery__exact_number() %}numeric{% endmacro %}

{# A point in time. dbt's own type_timestamp forgets the zone on some warehouses. #}
{% macro instant() %}{{ return(adapter.dispatch('instant', 'amazon_vendor')()) }}{% endmacro %}
{% macro default__instant() %}timestamp with time zone{% endmacro %}
{% macro bigquery__instant() %}timestamp{% endmacro %}
{% macro snowflake__instant() %}timestamp_tz{% endmacro %}

{# The UTC day of a point in time, whatever the session's zone is. #}
{% macro utc_day(column) %}{{ return(adapter.dispatch('utc_day', 'amazon_vendor')(column)) }}{% endmacro %}
{% macro default__utc_day(column) %}cast({{ column }} at time zone 'UTC' as date){% endmacro %}
{% macro bigquery__utc_day(column) %}date({{ column }}, 'UTC'){% endmacro %}
{% macro snowflake__utc_day(column) %}to_date(convert_timezone('UTC', {{ column }})){% endmacro %}
