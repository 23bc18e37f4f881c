"""Answers of the Data Kiosk API, as far as they are read (docs/amazon/data-kiosk.md#life-cycle)."""

from __future__ import annotations

import typing as t

import msgspec

from tap_amazon_vendor.amazon.answers import Answer, ProcessingStatus, Text


class CreatedQuery(Answer):
    """Of createQuery."""

    query_id: Text


class Pagination(Answer):
    """What names the next page."""

    next_token: str | None = None


class Query(Answer):
    """Of getQuery, and an element of getQueries.

    Attributes:
        query: The query, with Amazon's white space.
    """

    query_id: Text
    query: Text
    processing_status: ProcessingStatus
    created_time: Text
    processing_end_time: str | None = None
    data_document_id: Text | None = None
    error_document_id: Text | None = None
    pagination: Pagination | None = None


class QueryList(Answer):
    """Of getQueries.

    Attributes:
        queries: Each as it came: one that can't be read must not take the others with it.
    """

    queries: list[msgspec.Raw]
    pagination: Pagination | None = None


class KioskDocument(Answer):
    """Of getDocument."""

    document_url: t.Annotated[str, msgspec.Meta(pattern=r"\A[\x21-\x7e]+\Z")]
