"""What the run needs of a stream whose rows come from jobs, whatever their kind."""

from __future__ import annotations

import typing as t
from abc import abstractmethod

from tap_amazon_vendor.streams.base import AmazonStream, Declaration

if t.TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tap_amazon_vendor.config.settings import Settings
    from tap_amazon_vendor.documents.findings import Findings
    from tap_amazon_vendor.documents.row_blocks import Rows
    from tap_amazon_vendor.engine.model import JobResult
    from tap_amazon_vendor.reports.request import ReportPartition

    Context = Mapping[str, t.Any]


class JobRows(Declaration, t.Protocol):
    """What the declaration of such a stream provides."""

    @property
    def period_column(self) -> str | None:
        """The partition's column with the length of the periods, None if the rows have none."""

    def report_partition(self, context: Context) -> ReportPartition:
        """Return what the ledger calls the partition."""

    def left_out(self, settings: Settings) -> str | None:
        """Return why the settings leave the stream without any partition, None if they do not."""

    def unavailable_partitions(self, settings: Settings) -> list[dict[str, t.Any]]:
        """Return the contexts that `left_out` leaves out."""

    def leads_on(self, request: t.Any) -> bool:  # noqa: ANN401
        """Return whether a job's rows are not the stream's, but say what to request next."""

    def next_request(self, request: t.Any, result: JobResult) -> t.Any | None:  # noqa: ANN401
        """Return what to request after such a job; None for nothing."""


class JobStream(AmazonStream):
    """A stream whose rows are read from the documents of jobs."""

    declaration: JobRows

    @abstractmethod
    def first_request(self, context: Context) -> t.Any:  # noqa: ANN401  # the kind's request
        """Return the request for a partition's first jobs, without a window yet."""

    @abstractmethod
    def chunks(
        self, context: Context, result: JobResult, findings: Findings, *, asked: bool = True, dated: bool = True
    ) -> Iterator[Rows]:
        """Read the rows of a job.

        Args:
            context: The partition.
            result: The job's result, with its documents.
            findings: Counts what is found.
            asked: The job was asked for; if not, its document is a file.
            dated: The window of its request is known: the rows are compared with it.

        Yields:
            Rows, in chunks.

        Raises:
            DocumentError: They can't be read, or are not what was asked for.
        """
