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

{# The last UTC day of a range that ends before a point in time. #}
{% macro utc_day_before(column) %}{{ return(adapter.dispatch('utc_day_before', 'amazon_vendor')(column)) }}{% endmacro %}
{% macro default__utc_day_before(column) %}
cast(({{ column }} - interval '1 second') at time zone 'UTC' as date)
{%- endmacro %}
{% macro bigquery__utc_day_before(column) %}date(timestamp_sub({{ column }}, interval 1 second), 'UTC'){% endmacro %}
{% macro snowflake__utc_day_before(column) %}
to_date(convert_timezone('UTC', dateadd('second', -1, {{ column }})))
{%- endmacro %}

{# A day some days later. #}
{% macro days_later(column, days) %}cast({{ dbt.dateadd('day', days, column) }} as date){% endmacro %}

{# One figure divided by another; null unless the other one is above zero. Floating point: never add ratios. #}
{% macro ratio(numerator, denominator) %}
case when {{ denominator }} > 0 then cast({{ numerator }} as {{ double() }}) / {{ denominator }} end
{%- endmacro %}
{% macro double() %}{{ return(adapter.dispatch('double', 'amazon_vendor')()) }}{% endmacro %}
{% macro default__double() %}double precision{% endmacro %}
{% macro bigquery__double() %}float64{% endmacro %}

{# A column of JSON as targets make it, so that json_text can read it. #}
{% macro as_json(column, type) %}{{ return(adapter.dispatch('as_json', 'amazon_vendor')(column, type)) }}{% endmacro %}
{% macro default__as_json(column, type) %}{{ column }}{% endmacro %}
{% macro redshift__as_json(column, type) %}
{%- if 'super' in type -%}json_serialize({{ column }}){%- else -%}{{ column }}{%- endif -%}
{% endmacro %}

{# The text of a key of a JSON object. #}
{% macro json_text(column, key) %}{{ return(adapter.dispatch('json_text', 'amazon_vendor')(column, key)) }}{% endmacro %}
{% macro default__json_text(column, key) %}json_extract_string({{ column }}, '$.{{ key }}'){% endmacro %}
{% macro postgres__json_text(column, key) %}(cast({{ column }} as jsonb) ->> '{{ key }}'){% endmacro %}
{% macro redshift__json_text(column, key) %}json_extract_path_text({{ column }}, '{{ key }}'){% endmacro %}
{% macro bigquery__json_text(column, key) %}json_value({{ column }}, '$.{{ key }}'){% endmacro %}
{% macro snowflake__json_text(column, key) %}
cast(get(parse_json(cast({{ column }} as varchar)), '{{ key }}') as varchar)
{%- endmacro %}
