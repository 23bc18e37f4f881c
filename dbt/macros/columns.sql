{# Some columns of a relation, as a list. #}
{% macro columns_of(relation, columns) %}
{%- for column in columns -%}
{{ relation }}.{{ column }}{{ ', ' if not loop.last }}
{%- endfor -%}
{% endmacro %}

{# A join condition: some columns have equal values in two relations. #}
{% macro equal_columns(columns, left, right) %}
{%- for column in columns -%}
{{ left }}.{{ column }} = {{ right }}.{{ column }}{{ ' and ' if not loop.last }}
{%- endfor -%}
{% endmacro %}
