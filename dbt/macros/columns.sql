{# Some columns of a relation, as a list. #}
{% macro of(relation, columns) %}
{%- for column in columns -%}
{{ relation }}.{{ column }}{{ ', ' if not loop.last }}
{%- endfor -%}
{% endmacro %}

{# The condition of a join: two relations agree in some columns. #}
{% macro same(columns, left, right) %}
{%- for column in columns -%}
{{ left }}.{{ column }} = {{ right }}.{{ column }}{{ ' and ' if not loop.last }}
{%- endfor -%}
{% endmacro %}
