"""Report documents: their bytes, and the presigned URLs that lead to them.

The host of the documents is Amazon S3: docs/amazon/reports-api.md#documents, docs/amazon/errors.md#http-errors, and
S3's own rules for presigned requests.
"""

from __future__ import annotations

import gzip
import hashlib
import hmac
import json
import tempfile
import threading
import weakref
import zlib
from collections import OrderedDict
from datetime import date, datetime, timedelta
from itertools import chain, islice
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

import msgspec

from amazon_sandbox import flatfiles, xmlfiles
from amazon_sandbox.calendars import date_time
from amazon_sandbox.chance import derive
from amazon_sandbox.data import TABLES, XML
from amazon_sandbox.data.catalogue import iso
from amazon_sandbox.reports import RULES
from amazon_sandbox.rules.verdicts import NOT_YET_AVAILABLE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from amazon_sandbox.data import Data
    from amazon_sandbox.data.tables import Table
    from amazon_sandbox.jobs import Job

HTML = b"<html><body><h1>We're sorry</h1>An error occurred.</body></html>\n"
EXTRA_FIELD = "unitsPromisedByDrone"
ROWS_AT_ONCE = 2_000
KEPT = 4
IN_MEMORY = 8_000_000
AT_ONCE = 256 * 1024
OTHER_VALUES = {"distributorView": ("MANUFACTURING", "SOURCING"), "sellingProgram": ("RETAIL", "FRESH")}


class S3Error(Exception):
    """An answer of the document host that is an error.

    Attributes:
        status: HTTP status.
        code: S3's code.
        message: S3's message.
    """

    def __init__(self, status: int, code: str, message: str) -> None:
        """Remember what to answer."""
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message

    def body(self) -> str:
        """The XML that S3 answers with."""
        return (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            f"<Error><Code>{self.code}</Code><Message>{self.message}</Message></Error>"
        )


class Content:
    """Bytes that several downloads read at once; large ones lie in a file, not in memory."""

    def __init__(self) -> None:
        """Start empty."""
        self._file = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 - lives as long as this
        self._lock = threading.Lock()
        self.length = 0
        weakref.finalize(self, self._file.close)

    def fill(self, chunks: Iterable[bytes]) -> Content:
        """Append bytes."""
        for chunk in chunks:
            self._file.write(chunk)
            self.length += len(chunk)
        return self

    def fill_compressed(self, chunks: Iterable[bytes]) -> Content:
        """Append bytes, compressed."""
        with gzip.GzipFile(fileobj=self._file, mode="wb", compresslevel=5, mtime=0) as file:
            for chunk in chunks:
                file.write(chunk)
        self.length = self._file.tell()
        return self

    def read(self, start: int, size: int) -> bytes:
        """Some bytes from the middle."""
        with self._lock:
            self._file.seek(start)
            return self._file.read(size)

    def chunks(self, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        """All bytes from a place up to another one."""
        stop = self.length if stop is None else stop
        while start < stop and (chunk := self.read(start, min(AT_ONCE, stop - start))):
            yield chunk
            start += len(chunk)

    def unpacked(self) -> Iterator[bytes]:
        """All bytes without their compression."""
        unpacker = zlib.decompressobj(wbits=31)
        for packed in self.chunks():
            # Little may become much.
            rest = packed
            while rest:
                yield unpacker.decompress(rest, AT_ONCE)
                rest = unpacker.unconsumed_tail
        yield unpacker.flush()


class Documents:
    """The bytes of all documents.

    Args:
        data: Where the figures come from.
    """

    def __init__(self, data: Data) -> None:
        """Start with nothing made: bytes are made when they are asked for."""
        self._data = data
        self._made: OrderedDict[str, Content] = OrderedDict()
        # Not the lock of the sandbox: making a large document takes seconds.
        self._lock = threading.Lock()

    def content(self, job: Job) -> Content:
        """The bytes of a report's document, gzip or not.

        Args:
            job: A report that ended DONE, or FATAL with details.

        Returns:
            The same bytes each time. A few are kept, so that a second download of a
            large document does not cost a second making.
        """
        with self._lock:
            made = self._made.get(job.document_id)
            if made is None:
                text = self._text(job)
                made = Content().fill_compressed(text) if self.compressed(job) else Content().fill(text)
                self._made[job.document_id] = made
                while len(self._made) > KEPT:
                    self._made.popitem(last=False)
            return made

    def compressed(self, job: Job) -> bool:
        """Whether a report's document is gzip: all JSON is, and three of four flat files."""
        return not _is_flat(job) or derive(job.document_id) & 3 != 0

    def content_type(self, job: Job) -> str:
        """The Content-Type of a report's document, which for a flat file says its charset."""
        if job.request.report_type in XML and job.verdict.status != "FATAL":
            return "text/xml;charset=UTF-8"
        if not _is_flat(job):
            return "application/json"
        table = self._table(job)
        charset = flatfiles.charset(table, job.fault)
        return "text/plain" if charset is None else f"text/plain;charset={charset}"

    def _text(self, job: Job) -> Iterator[bytes]:
        report_type = job.request.report_type
        if job.verdict.status == "FATAL":
            return iter([_error_document(job.verdict.details or "")])
        if job.fault == "error_in_done":
            return iter([_error_document(NOT_YET_AVAILABLE)])
        if job.fault == "not_json":
            return iter([HTML])
        if _is_flat(job):
            return flatfiles.write(self._table(job), job.fault)
        if report_type in XML:
            return xmlfiles.write(XML[report_type], self._parts(job))
        return _encode(self._parts(job))

    def _table(self, job: Job) -> Table:
        request = job.request
        start, end = RULES[request.report_type].dates.window(request, job.created_at)
        return self._data.lazy_table(
            request.report_type,
            account=job.account,
            marketplace_id=request.marketplace_ids[0],
            options=request.options,
            start=start,
            end=job.created_at if job.fault == "range_ignored" else end,
            as_of=job.created_at,
            whole_region=job.fault == "marketplace_ignored",
        )

    def _parts(self, job: Job) -> dict[str, Any]:
        request = job.request
        start, end = RULES[request.report_type].dates.window(request, job.created_at)
        options: Mapping[str, str] = request.options
        if job.fault == "wrong_specification":
            start, end, options = _another(start, end, options)
        parts = self._data.stream(
            request.report_type,
            account=job.account,
            marketplace_id=request.marketplace_ids[0],
            options=options,
            start=start,
            end=end,
            as_of=job.created_at,
        )
        arrays = [name for name in parts if name != "reportSpecification"]
        if job.fault == "missing_array":
            del parts[arrays[-1]]
        elif job.fault == "empty_arrays":
            parts.update({name: [] for name in arrays})
        elif job.fault == "extra_field":
            parts.update({name: _with_extra_field(parts[name]) for name in arrays})
        return parts


def _is_flat(job: Job) -> bool:
    """Whether a report's document is a flat file; a reason for a FATAL is always JSON."""
    return job.request.report_type in TABLES and job.verdict.status != "FATAL"


def spoil(fault: str | None, content: Content) -> Content:
    """Damage the bytes of one download.

    Args:
        fault: A fault of the download, or None.
        content: Good bytes; those faults that are in `faults.GZIP` need gzip.

    Returns:
        What is sent.
    """
    length = content.length
    if fault == "truncated_document":
        return Content().fill(content.chunks(0, length * 2 // 3))
    if fault == "corrupt_gzip":
        # The last eight bytes are checksum and length.
        spoilt = bytes(byte ^ 0xFF for byte in content.read(length - 8, 4))
        return Content().fill(chain(content.chunks(0, length - 8), [spoilt], content.chunks(length - 4)))
    if fault == "plain_labelled_gzip":
        return Content().fill(content.unpacked())
    return content


def encode(document: Mapping[str, Any]) -> bytes:
    """Write a document of `Data.document` as JSON, money with its exact digits."""
    return b"".join(_encode(document))


def _encode(parts: Mapping[str, Any]) -> Iterator[bytes]:
    # The json module cannot write a Decimal as a number: 1500.10 would lose its zero.
    dump = msgspec.json.Encoder(decimal_format="number").encode
    opening = b"{"
    for name, part in parts.items():
        yield opening + dump(name) + b":"
        opening = b","
        if isinstance(part, dict):
            yield dump(part)
            continue
        yield b"["
        rows = iter(part)
        separator = b""
        while batch := list(islice(rows, ROWS_AT_ONCE)):
            yield separator + dump(batch)[1:-1]
            separator = b","
        yield b"]"
    yield b"}"


def _another(
    start: date | None, end: date | None, options: Mapping[str, str]
) -> tuple[date | None, date | None, Mapping[str, str]]:
    """What somebody else might have asked for: the other view or program, or the time before."""
    for option, (one, other) in OTHER_VALUES.items():
        if option in options:
            return start, end, {**options, option: other if options[option] == one else one}
    if not options and start is None:
        # A report without dates and options is the same for everybody.
        return start, end, options
    if start is None or end is None:
        # The range is in the options.
        moments = {option: moment for option, value in options.items() if (moment := date_time(value))}
        before = max(moments.values()) - min(moments.values()) + timedelta(days=1)
        return start, end, {option: iso(moment - before) for option, moment in moments.items()}
    before = end - start + timedelta(days=0 if isinstance(start, datetime) else 1)
    return start - before, end - before, options


def _with_extra_field(rows: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for row in rows:
        yield {**row, EXTRA_FIELD: 3}


def _error_document(details: str) -> bytes:
    return json.dumps({"errorDetails": details}, indent=2).encode()


class Presigner:
    """Makes and checks presigned URLs, after the pattern of AWS signature version 4.

    Args:
        seed: The signing key follows from it.
        url_seconds: Lifetime of a URL.
    """

    def __init__(self, seed: int, url_seconds: float) -> None:
        """Derive the signing key."""
        self._key = hashlib.sha256(f"sandbox document host {seed}".encode()).digest()
        self._url_seconds = url_seconds

    def url(self, base: str, document_id: str, now: datetime, *, encoded: bool) -> str:
        """Make a URL.

        Args:
            base: Scheme, host and port of the document host.
            document_id: The document.
            now: The time at which its life begins.
            encoded: Whether the answer shall carry Content-Encoding: gzip.

        Returns:
            The URL, which must not be logged.
        """
        query = {
            "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
            "X-Amz-Credential": f"SANDBOX/{now:%Y%m%d}/us-east-1/s3/aws4_request",
            "X-Amz-Date": f"{now:%Y%m%dT%H%M%SZ}",
            "X-Amz-Expires": f"{self._url_seconds:g}",
            "X-Amz-SignedHeaders": "host",
        }
        if encoded:
            query["response-content-encoding"] = "gzip"
        query["X-Amz-Signature"] = self._signature(document_id, query)
        return f"{base}/documents/{quote(document_id)}?{urlencode(query)}"

    def check(
        self,
        document_id: str,
        query: Mapping[str, str],
        headers: Mapping[str, str],
        now: datetime,
    ) -> None:
        """Refuse what S3 refuses.

        Raises:
            S3Error: The request is not the one that was signed, or comes too late.
        """
        if not query.get("X-Amz-Signature"):
            raise S3Error(403, "AccessDenied", "Access Denied")
        names = [name.lower() for name in headers]
        if "authorization" in names:
            raise S3Error(
                400,
                "InvalidArgument",
                "Only one auth mechanism allowed; only the X-Amz-Algorithm query"
                " parameter, Signature query string parameter or the Authorization"
                " header should be specified",
            )
        if any(name.startswith("x-amz-") for name in names):
            raise S3Error(
                403,
                "AccessDenied",
                "There were headers present in the request which were not signed",
            )
        signed = {name: query[name] for name in query if name != "X-Amz-Signature"}
        expected = self._signature(document_id, signed)
        if not hmac.compare_digest(expected, query["X-Amz-Signature"]):
            raise S3Error(
                403,
                "SignatureDoesNotMatch",
                "The request signature we calculated does not match the signature you"
                " provided. Check your key and signing method.",
            )
        made = datetime.strptime(query["X-Amz-Date"] + "+0000", "%Y%m%dT%H%M%SZ%z")
        if now > made + timedelta(seconds=float(query["X-Amz-Expires"])):
            raise url_expired()

    def _signature(self, document_id: str, query: Mapping[str, str]) -> str:
        text = document_id + "?" + urlencode(sorted(query.items()))
        return hmac.new(self._key, text.encode(), hashlib.sha256).hexdigest()


def url_expired() -> S3Error:
    """403: the URL is older than its lifetime (model)."""
    return S3Error(403, "AccessDenied", "Request has expired")


def slow_down() -> S3Error:
    """503: the document host is busy."""
    return S3Error(503, "SlowDown", "Please reduce your request rate.")


def no_such_key() -> S3Error:
    """404: the document is not there any more."""
    return S3Error(404, "NoSuchKey", "The specified key does not exist.")
