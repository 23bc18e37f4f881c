{# The rows of a stream, of the types in `columns`. A table or column that the user has not selected is empty, not an
   error: what is there is asked when dbt runs. #}
{% macro stream(name, columns) %}
{%- set table = source('amazon', name) -%}
{%- set found = {} -%}
{%- if execute -%}
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
    {{ adapter.quote(found[column].name) }}
    {%- elif kind == 'instant' -%}
    {{ as_instant(adapter.quote(found[column].name), found[column].dtype | lower) }}
    {%- else -%}
    cast({{ adapter.quote(found[column].name) }} as {{ column_type(kind) }})
    {%- endif %} as {{ column }}{{ ',' if not loop.last }}
{%- endfor %}
{% if found -%}
from {{ table }}
{%- else -%}
from (select 1 as nothing) as no_table
where 1 = 0
{%- endif %}
{% endmacro %}
