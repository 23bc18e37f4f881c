"""XML reports: messages of Amazon's envelope, one element for each row."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape, quoteattr

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<AmazonEnvelope xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:noNamespaceSchemaLocation="amzn-envelope.xsd">
<Header><DocumentVersion>1.00</DocumentVersion></Header>
<MessageType>{message_type}</MessageType>
"""
TAIL = "</AmazonEnvelope>\n"
CURRENCY = "currencyCode"


def write(message_type: str, arrays: Mapping[str, Iterable[Mapping[str, Any]]]) -> Iterator[bytes]:
    """Write an XML report.

    Args:
        message_type: Amazon's name of the kind of message.
        arrays: Rows by the name of their element. A list is an element that stands there
            several times, a money object an amount with its currency as an attribute.

    Yields:
        Its bytes, in UTF-8.
    """
    yield HEAD.format(message_type=message_type).encode()
    for name, rows in arrays.items():
        for row in rows:
            yield f"<Message>{_element(name, row)}</Message>\n".encode()
    yield TAIL.encode()


def _element(name: str, value: object) -> str:
    if isinstance(value, list):
        return "".join(_element(name, part) for part in value)
    if isinstance(value, dict):
        if CURRENCY in value:
            return f"<{name} currency={quoteattr(value[CURRENCY])}>{value['amount']}</{name}>"
        return f"<{name}>{''.join(_element(part, value[part]) for part in value)}</{name}>"
    if value is None:
        return f"<{name}/>"
    if isinstance(value, bool):
        value = "true" if value else "false"
    return f"<{name}>{escape(f'{value:f}' if isinstance(value, Decimal) else str(value))}</{name}>"
