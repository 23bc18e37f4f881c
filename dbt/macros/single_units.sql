{# A quantity of vendor orders in single units, of the columns that begin with `quantity`: Amazon counts some in cases. #}
{% macro single_units(quantity) %}
{{ quantity }}_amount
* case when {{ quantity }}_unit_of_measure = 'Cases' then coalesce({{ quantity }}_unit_size, 1) else 1 end
{%- endmacro %}
