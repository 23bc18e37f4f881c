"""What there is to advertise: exports, which Amazon makes as it makes reports, and lists, which it answers at once.

Both are jobs to the engine, so that they have the same promises (docs/amazon/ads.md#exports-and-lists).
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass
from uuid import uuid4

import msgspec

from tap_amazon_vendor.ads.answers import AdsExport, PortfolioPage
from tap_amazon_vendor.ads.api import DocumentApi
from tap_amazon_vendor.ads.request import PROFILE, AdsRequest
from tap_amazon_vendor.amazon.pages import Page, Pages
from tap_amazon_vendor.amazon.throttle import Operation
from tap_amazon_vendor.documents.files import Document
from tap_amazon_vendor.engine.model import JobStatus, Processing, Service
from tap_amazon_vendor.reports.job_calls import times

if t.TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from tap_amazon_vendor.ads.client import AdsClient
    from tap_amazon_vendor.ads.profiles import Profile
    from tap_amazon_vendor.amazon.throttle import Bucket
    from tap_amazon_vendor.amazon.transport import Transport

#: The name of the service.
ADS_EXPORTS = "ads_exports"

#: What is exported, and what is listed.
EXPORTS = ("campaigns", "adGroups", "targets", "ads")
PORTFOLIOS, PROFILES = "portfolios", "profiles"

#: Pages of portfolios that are read.
MOST_PAGES = 200

AD_PRODUCTS = ["SPONSORED_PRODUCTS", "SPONSORED_BRANDS", "SPONSORED_DISPLAY"]
STATES = ["ENABLED", "PAUSED", "ARCHIVED"]


def _media(name: str) -> str:
    return f"application/vnd.{name}+json"


# Amazon publishes no rates.
CREATE_EXPORT = {
    kind: Operation(
        f"export{kind[:1].upper()}{kind[1:]}",
        "POST",
        f"/{kind}/export",
        1,
        5,
        sends=_media(f"{kind.lower()}export.v1"),
        accepts=_media(f"{kind.lower()}export.v1"),
    )
    for kind in EXPORTS
}
GET_EXPORT = Operation("getExport", "GET", "/exports/{export_id}", 2, 20)
LIST_PORTFOLIOS = Operation(
    "listPortfolios",
    "POST",
    "/portfolios/list",
    1,
    5,
    sends=_media("spPortfolio.v3"),
    accepts=_media("spPortfolio.v3"),
)

STATUSES = {
    "PROCESSING": Processing.IN_PROGRESS,
    "COMPLETED": Processing.DONE,
    "FAILED": Processing.FATAL,
}


@dataclass(frozen=True)
class AdsExportRequest(AdsRequest):
    """One export or list of one profile; its type is one of `EXPORTS`, `PORTFOLIOS` and `PROFILES`."""

    @property
    def service(self) -> Service:
        """The exports of the profile."""
        return Service(self.account, ADS_EXPORTS, dict(self.options)[PROFILE])


class AdsExportsApi(DocumentApi):
    """The exports and lists of one profile."""

    polling = GET_EXPORT

    def __init__(
        self,
        api: AdsClient,
        transport: Transport,
        spool: Path,
        *,
        may_download: Callable[[str], bool],
        profile: Profile | None,
    ) -> None:
        """Store the dependencies.

        Args:
            api: The profile's client.
            transport: HTTP client for the document host, which must never see the access token.
            spool: Private folder for documents.
            may_download: Returns whether a URL is one of a document host.
            profile: What Amazon tells of the profile, None where it does not.
        """
        super().__init__(api, transport, spool, may_download=may_download)
        self._profile = profile

    def create_buckets(self, job_type: str) -> list[Bucket]:
        """Return the buckets that asking takes from."""
        return [self._api.bucket(CREATE_EXPORT.get(job_type, LIST_PORTFOLIOS))]

    def create(self, request: AdsRequest) -> str:
        """Ask for an export; a list needs no job.

        It may be repeated: an export changes nothing.

        Returns:
            The export's id; of a list one of ours.

        Raises:
            AmazonError: Amazon refuses.
        """
        operation = CREATE_EXPORT.get(request.type_name)
        if operation is None:
            return f"{request.type_name}-{uuid4().hex}"
        body = {"adProductFilter": AD_PRODUCTS, "stateFilter": STATES}
        return self._api.call(operation, answer=AdsExport, body=body).export_id

    def status(self, job_id: str) -> JobStatus:
        """Ask how far an export is; a list is always there.

        Raises:
            AmazonError: Amazon refuses.
            NotFoundError: Amazon does not know the export, which it keeps for a day.
        """
        if job_id.startswith((PORTFOLIOS, PROFILES)):
            return JobStatus(Processing.DONE, job_id)
        export = self._api.call(GET_EXPORT, answer=AdsExport, export_id=job_id)
        processing = STATUSES[export.status]
        return JobStatus(
            processing,
            job_id if processing is Processing.DONE else None,
            *times(export.created_at, export.generated_at),
        )

    def fetch(self, document_id: str, request: AdsRequest) -> Document:
        """Fetch an export, or read a list, to disk.

        Args:
            document_id: The id of the export or list.
            request: The request that it is for.

        Returns:
            The complete document.

        Raises:
            AmazonError: Amazon refuses.
            DocumentError: It was truncated or damaged each time.
        """
        if request.type_name in CREATE_EXPORT:
            return self.fetched(lambda: self._api.call(GET_EXPORT, answer=AdsExport, export_id=document_id).url)
        rows: Sequence[t.Any] = (
            [self._profile.row()] if request.type_name == PROFILES and self._profile else self._portfolios()
        )
        path = self._spool / f"{uuid4().hex}.document"
        path.write_bytes(msgspec.json.encode(rows))
        return Document(path, path.stat().st_size, None, None, empty=not rows)

    def _portfolios(self) -> list[msgspec.Raw]:
        found: list[msgspec.Raw] = []
        pages = Pages(LIST_PORTFOLIOS.name, MOST_PAGES)
        while not pages.finished:
            more = {"nextToken": pages.current_value} if pages.current_value else {}
            answer = self._api.call(LIST_PORTFOLIOS, answer=PortfolioPage, body=more)
            pages.advance(Page(answer.portfolios, answer.next_token))
            found += answer.portfolios
        return found
