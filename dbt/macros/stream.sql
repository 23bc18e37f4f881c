{# Columns that get another name, because theirs is a reserved word of BigQuery and Snowflake. #}
{% macro clean_name(column) %}{{ return({'rows': 'row_count'}.get(column, column)) }}{% endmacro %}

{# The rows of a stream, of the types in `columns`. A table or column that the user has not selected is empty, not an
   error: what is there is asked when dbt runs. With `dbt compile --no-introspect` nothing is asked and all is there. #}
{% macro stream(name, columns) %}
{%- set table = source('amazon', name) -%}
{%- set found = {} -%}
{%- if execute and not flags.INTROSPECT -%}
  {%- for column, kind in columns -%}
    {%- do found.update({column: {'name': column, 'dtype': column_type(kind)}}) -%}
  {%- endfor -%}
{%- elif execute -%}
  {%- set relation = adapter.get_relation(table.database, table.schema, table.identifier) -%}
  {%- if relation is not none -%}
    {%- for column in adapter.get_columns_in_relation(relation) -%}
      {%- do found.update({column.name | lower: column}) -%}
    {%- endfor -%}
  {%- endif -%}
{%- endif -%}
select
{%- for column, kind in columns %}
    {% if column not in found -%}
    cast(null as {{ column_type(kind) }})
    {%- elif kind == 'json' -%}
    {{ as_json(adapter.quote(found[column].name), found[column].dtype | lower) }}
    {%- elif kind == 'instant' -%}
    {{ as_instant(adapter.quote(found[column].name), found[column].dtype | lower) }}
    {%- else -%}
    cast({{ adapter.quote(found[column].name) }} as {{ column_type(kind) }})
    {%- endif %} as {{ clean_name(column) }}{{ ',' if not loop.last }}
{%- endfor %}
{% if found -%}
from {{ table }}
{%- else -%}
from (select 1 as nothing) as no_table
where 1 = 0
{%- endif %}
{% endmacro %}
