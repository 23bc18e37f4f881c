"""Answers of the Reports API, as far as they are read (docs/amazon/reports-api.md)."""

from __future__ import annotations

import typing as t

import msgspec

from tap_amazon_vendor.amazon.answers import Answer, ProcessingStatus, Text


class CreatedReport(Answer):
    """Of createReport."""

    report_id: Text


class Report(Answer):
    """Of getReport: how far a report is."""

    processing_status: ProcessingStatus
    report_type: str | None = None
    report_document_id: Text | None = None
    created_time: str | None = None
    processing_end_time: str | None = None


class ListedReport(Answer):
    """An element of getReports."""

    report_id: Text
    report_type: Text
    processing_status: Text
    created_time: Text
    marketplace_ids: list[str] | None = None
    data_start_time: str | None = None
    data_end_time: str | None = None


class ReportList(Answer):
    """Of getReports.

    Attributes:
        reports: Each as it came: one that can't be read must not take the others with it.
    """

    reports: list[msgspec.Raw]
    next_token: str | None = None


class ReportDocument(Answer):
    """Of getReportDocument."""

    url: t.Annotated[str, msgspec.Meta(pattern=r"\A[\x21-\x7e]+\Z")]
