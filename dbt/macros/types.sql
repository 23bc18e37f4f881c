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

{# A column as a point in time. Targets may make columns without a zone, which then hold UTC: read so, whatever the
   session's zone is. But those of target-postgres hold the time of its session, which is that of dbt's: both have the
   server's or the role's default. #}
{% macro as_instant(column, type) %}
{{- return(adapter.dispatch('as_instant', 'amazon_vendor')(column, type)) -}}
{% endmacro %}
{% macro default__as_instant(column, type) %}
{%- if 'timestamp' in type and 'with time zone' not in type and 'tz' not in type -%}
{{ column }} at time zone 'UTC'
{%- else -%}
cast({{ column }} as {{ instant() }})
{%- endif -%}
{% endmacro %}
{% macro postgres__as_instant(column, type) %}cast({{ column }} as {{ instant() }}){% endmacro %}
{% macro redshift__as_instant(column, type) %}{{ return(amazon_vendor.default__as_instant(column, type)) }}{% endmacro %}
{% macro bigquery__as_instant(column, type) %}
{%- if type == 'datetime' -%}timestamp({{ column }}, 'UTC'){%- else -%}cast({{ column }} as timestamp){%- endif -%}
{% endmacro %}
{% macro snowflake__as_instant(column, type) %}
{%- if 'ntz' in type -%}
to_timestamp_tz(to_char({{ column }}, 'YYYY-MM-DD HH24:MI:SS.FF6') || ' +00:00')
{%- else -%}
cast({{ column }} as timestamp_tz)
{%- endif -%}
{% endmacro %}

{# The UTC day of a point in time, whatever the session's zone is. #}
{% macro utc_day(column) %}{{ return(adapter.dispatch('utc_day', 'amazon_vendor')(column)) }}{% endmacro %}
{% macro default__utc_day(column) %}cast({{ column }} at time zone 'UTC' as date){% endmacro %}
{% macro bigquery__utc_day(column) %}date({{ column }}, 'UTC'){% endmacro %}
{% macro snowflake__utc_day(column) %}to_date(convert_timezone('UTC', {{ column }})){% endmacro %}
