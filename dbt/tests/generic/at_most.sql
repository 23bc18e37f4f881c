{# Fails on each value above the most. Null is not above it. #}
{% test at_most(model, column_name, most) %}
select {{ column_name }}
from {{ model }}
where {{ column_name }} > {{ most }}
{% endtest %}
