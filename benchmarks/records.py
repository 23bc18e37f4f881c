"""Records a second and peak memory, on one core: from a report document on disk to messages on standard output.

    python benchmarks/records.py [--rows small] [--airbyte PYTHON]

Four readers of the same files:

- ours: `TapAmazonVendor`'s own path, from opening the document to its messages;
- floor: a bare loop, ijson (or csv) and `msgspec`, which writes the rows as they are;
- SDK: the SDK's own sync and its default writer, over rows that are made for it by ours;
- Airbyte: decoder, selector and messages of the published source-amazon-seller-partner, in an environment of its own.

Each runs in a process of its own, which counts its processor time and its peak memory. The slow ones read a shorter
document of the same rows: the SDK's speed does not depend on its length, and Airbyte's memory, which does, is told for
each row. Documents are made from a seed and kept in the system's folder for temporary files.

Measured (Python 3.11, singer-sdk 0.54.9, Airbyte's source 4.6.4; thousand rows a second)::

    rows                           ours   floor   SDK   Airbyte
    3,000,000 of vendor sales       356     200    31        47
    10,000,000 of search terms      508     324    35        74
    3,000,000 of a flat file    141-167 155-160 12-13     7-8
"""

from __future__ import annotations

import argparse
import contextlib
import gzip
import json
import os
import random
import resource
import string
import subprocess
import sys
import tempfile
import time
import typing as t
from dataclasses import dataclass
from pathlib import Path

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

ROOT = Path(__file__).resolve().parent.parent
if __name__ == "__main__" and "--reader" not in sys.argv:
    sys.path[:0] = [str(ROOT), str(ROOT / "scripts")]
    try:
        import ijson  # noqa: F401
        import singer_sdk  # noqa: F401
    except ImportError:
        import bootstrap

        bootstrap.in_venv(__file__, checks=True)
FOLDER = Path(tempfile.gettempdir()) / "tap-amazon-vendor-benchmarks"
AIRBYTE = "airbyte-source-amazon-seller-partner"

#: Rows that differ from each other; a document repeats them, each time packed anew by concatenation.
BLOCK = 20_000
#: Rows that slow readers read.
SLOW_ROWS = 100_000
READERS = ("ours", "floor", "SDK", "Airbyte")

CONFIG = {
    "client_id": "amzn1.application-oa2-client.benchmark",
    "client_secret": "none",
    "refresh_token": "none",
    "marketplaces": ["US"],
}


@dataclass(frozen=True)
class Case:
    """A document to read.

    Attributes:
        stream: The stream that reads it.
        report: The report type that a JSON document says it is of, None for a flat file.
        array: Its array of rows, None for a flat file.
        rows: How many rows it has, and has when it is to be small.
        row: Makes a row, from chance.
    """

    stream: str
    report: str | None
    array: str | None
    rows: tuple[int, int]
    row: Callable[[random.Random], bytes]

    def make(self, rows: int, *, distinct: bool = False) -> Path:
        """Return the document with so many rows, made if it is not there.

        Args:
            rows: The number of rows.
            distinct: Make each row anew instead of repeating a block. Of 10 million rows of sales, some twenty still
                have the ASIN of another one by chance.
        """
        path = FOLDER / f"{self.report or self.stream}-{rows}{'-distinct' if distinct else ''}.gz"
        if not path.exists():
            FOLDER.mkdir(exist_ok=True)
            chance = random.Random(0)  # no secret
            between = b"," if self.array else b"\n"
            full, rest = divmod(rows - 1, BLOCK)
            block: list[bytes] = []
            packed = b""
            with path.with_suffix(".part").open("wb") as file:
                file.write(gzip.compress(self._head))
                for _ in range(full):
                    if distinct or not packed:
                        block = [self.row(chance) for _ in range(BLOCK)]
                        packed = gzip.compress(between.join(block) + between, 6, mtime=0)
                    # A gzip file of many members is one file.
                    file.write(packed)
                if distinct or not block:
                    block = [self.row(chance) for _ in range(rest + 1)]
                file.write(gzip.compress(between.join(block[: rest + 1]) + self._foot))
            path.with_suffix(".part").replace(path)
        return path

    @property
    def _head(self) -> bytes:
        if not self.array:
            return "\t".join(SHIPMENT).encode() + b"\n"
        specification = {
            "reportType": self.report,
            "reportOptions": {"reportPeriod": "DAY", "distributorView": "MANUFACTURING", "sellingProgram": "RETAIL"},
            "dataStartTime": "2026-11-16",
            "dataEndTime": "2026-11-16",
            "marketplaceIds": ["ATVPDKIKX0DER"],
        }
        return b'{"reportSpecification":%b,"%b":[' % (json.dumps(specification).encode(), self.array.encode())

    @property
    def _foot(self) -> bytes:
        return b"]}" if self.array else b"\n"


def _asin(chance: random.Random) -> str:
    return "B0" + "".join(chance.choices(string.digits + string.ascii_uppercase, k=8))


def sales_row(chance: random.Random) -> bytes:
    """A row of ``salesByAsin``."""
    units, cents = int(chance.expovariate(0.2)), chance.randrange(500, 9000)
    shipped = max(0, units + chance.randrange(-2, 3))

    def money(count: int) -> str:
        return f'{{"amount":{count * cents // 100}.{count * cents % 100:02},"currencyCode":"USD"}}'

    return (
        f'{{"startDate":"2026-11-16","endDate":"2026-11-16","asin":"{_asin(chance)}",'
        f'"customerReturns":{chance.randrange(3)},"orderedRevenue":{money(units)},"orderedUnits":{units},'
        f'"shippedCogs":{money(shipped)},"shippedRevenue":{money(shipped)},"shippedUnits":{shipped}}}'
    ).encode()


def search_row(chance: random.Random) -> bytes:
    """A row of ``dataByDepartmentAndSearchTerm``."""
    term = " ".join("".join(chance.choices(string.ascii_lowercase, k=6)) for _ in range(3))
    return (
        f'{{"departmentName":"Amazon.com","searchTerm":"{term}","searchFrequencyRank":{chance.randrange(10**6)},'
        f'"clickedAsin":"{_asin(chance)}","clickShareRank":{chance.randrange(1, 4)},'
        f'"clickShare":{chance.randrange(10**4) / 10**4},"conversionShare":{chance.randrange(10**4) / 10**4}}}'
    ).encode()


#: Header of the flat file of fulfilled shipments, with what a cell may hold (made up;
#: docs/amazon/seller-reports.md#shipments).
SHIPMENT: dict[str, Callable[[random.Random], str]] = {
    "amazon-order-id": lambda chance: f"{chance.randrange(100, 999)}-{chance.randrange(10**7):07}-0000000",
    "merchant-order-id": lambda _: "",
    "shipment-id": lambda chance: "D" + "".join(chance.choices(string.ascii_letters, k=8)),
    "shipment-item-id": lambda chance: "".join(chance.choices(string.ascii_letters, k=12)),
    "amazon-order-item-id": lambda chance: str(chance.randrange(10**13, 10**14)),
    "merchant-order-item-id": lambda _: "",
    "purchase-date": lambda chance: f"2026-11-{chance.randrange(1, 20):02}T10:{chance.randrange(60):02}:00+00:00",
    "payments-date": lambda chance: f"2026-11-{chance.randrange(1, 20):02}T11:{chance.randrange(60):02}:00+00:00",
    "shipment-date": lambda chance: f"2026-11-{chance.randrange(1, 20):02}T12:{chance.randrange(60):02}:00+00:00",
    "reporting-date": lambda chance: f"2026-11-{chance.randrange(1, 20):02}T13:{chance.randrange(60):02}:00+00:00",
    "buyer-email": lambda _: "",
    "buyer-name": lambda _: "",
    "sku": lambda chance: f"SKU-{chance.randrange(5000)}",
    "product-name": lambda chance: f"A product of a long name, number {chance.randrange(5000)}",
    "quantity-shipped": lambda chance: str(chance.randrange(1, 4)),
    "currency": lambda _: "USD",
    "item-price": lambda chance: f"{chance.randrange(10**4) / 100:.2f}",
    "item-tax": lambda chance: f"{chance.randrange(10**3) / 100:.2f}",
    "shipping-price": lambda _: "0.00",
    "shipping-tax": lambda _: "0.00",
    "ship-service-level": lambda _: "Expedited",
    "ship-city": lambda chance: chance.choice(["SEATTLE", "BOSTON", "AUSTIN"]),
    "ship-state": lambda chance: chance.choice(["WA", "MA", "TX"]),
    "ship-postal-code": lambda chance: f"{chance.randrange(10**5):05}",
    "ship-country": lambda _: "US",
    "carrier": lambda _: "AMZN_US",
    "tracking-number": lambda chance: f"TBA{chance.randrange(10**12):012}",
    "fulfillment-center-id": lambda chance: chance.choice(["BFI4", "BOS7"]),
    "fulfillment-channel": lambda _: "AFN",
    "sales-channel": lambda _: "amazon.com",
}


def shipment_row(chance: random.Random) -> bytes:
    """A line of the flat file of fulfilled shipments."""
    return "\t".join(cell(chance) for cell in SHIPMENT.values()).encode()


CASES = (
    Case("vendor_sales", "GET_VENDOR_SALES_REPORT", "salesByAsin", (300_000, 3_000), sales_row),
    Case("vendor_sales", "GET_VENDOR_SALES_REPORT", "salesByAsin", (3_000_000, 6_000), sales_row),
    Case(
        "brand_search_terms",
        "GET_BRAND_ANALYTICS_SEARCH_TERMS_REPORT",
        "dataByDepartmentAndSearchTerm",
        (10_000_000, 10_000),
        search_row,
    ),
    Case("seller_fulfilled_shipments", None, None, (3_000_000, 3_000), shipment_row),
)


def case_of(stream: str) -> Case:
    """Return the first case of a stream."""
    return next(case for case in CASES if case.stream == stream)


# What is measured. Each imports only what it needs, in its own process.


def ours(stream_name: str, array: str | None, path: Path) -> int:
    """Read a document as the tap does."""
    from tap_amazon_vendor.singer.stage import Stage  # noqa: PLC0415
    from tap_amazon_vendor.singer.writer import RecordWriter  # noqa: PLC0415

    stream, chunks = chunks_of(stream_name, array, path)
    count = 0
    with RecordWriter(stream) as writer, Stage(FOLDER) as stage:
        for chunk in chunks:
            stage.add(writer, chunk)
            count += len(chunk)
        for _ in stage.write():
            pass
    return count


def chunks_of(stream_name: str, array: str | None, path: Path) -> tuple[t.Any, Iterator[list[dict[str, t.Any]]]]:
    """Return a stream of the tap, and the rows of a document as it reads them."""
    from datetime import date  # noqa: PLC0415

    from tap_amazon_vendor.documents.files import open_document, open_flat_file  # noqa: PLC0415
    from tap_amazon_vendor.documents.findings import Findings  # noqa: PLC0415
    from tap_amazon_vendor.engine.model import JobResult  # noqa: PLC0415
    from tap_amazon_vendor.outcomes import Outcome  # noqa: PLC0415
    from tap_amazon_vendor.reports.request import ReportPartition, ReportRequest  # noqa: PLC0415
    from tap_amazon_vendor.reports.windows import Window  # noqa: PLC0415
    from tap_amazon_vendor.tap import TapAmazonVendor  # noqa: PLC0415

    kind = "seller" if stream_name.startswith("seller_") else "vendor"
    tap = TapAmazonVendor(config=CONFIG | {"account_type": kind})
    stream: t.Any = tap.streams[stream_name]
    context = stream.partitions[0]
    partition: ReportPartition = stream.declaration.report_partition(context)
    # The days of the rows, as a report has them.
    window = Window(date(2026, 11, 16), date(2026, 11, 16)) if array else Window(date(2026, 11, 1), date(2026, 11, 19))
    asked = ReportRequest(*partition, window=window)
    document = open_document(path) if array else open_flat_file(path)
    result = JobResult(Outcome.LOADED, asked, document=document, job_id="50001019234")
    return stream, stream.chunks(context, result, Findings())


def floor(stream_name: str, array: str | None, path: Path) -> int:
    """Read a document in a bare loop."""
    import csv  # noqa: PLC0415

    import ijson  # noqa: PLC0415
    import msgspec  # noqa: PLC0415

    encode = msgspec.json.Encoder(decimal_format="number").encode
    write = sys.stdout.buffer.write
    count = 0
    with gzip.open(path) as file:
        if array:
            rows: Iterable[t.Any] = ijson.items(file, f"{array}.item")
        else:
            import io  # noqa: PLC0415

            rows = csv.DictReader(io.TextIOWrapper(file, "utf-8"), delimiter="\t", quoting=csv.QUOTE_NONE)
        for row in rows:
            write(encode({"type": "RECORD", "stream": stream_name, "record": row}))
            write(b"\n")
            count += 1
    return count


def sdk(stream_name: str, array: str | None, path: Path) -> int:
    """Write the same rows as the SDK does by default."""
    from singer_sdk import Stream, Tap  # noqa: PLC0415

    ours, chunks = chunks_of(stream_name, array, path)
    count = 0

    class Rows(Stream):
        name = stream_name
        schema = ours.schema

        def get_records(self, context: t.Any) -> Iterator[dict[str, t.Any]]:  # noqa: ANN401, ARG002
            nonlocal count
            for chunk in chunks:
                yield from chunk
                count += len(chunk)

    class Default(Tap):
        name = "tap-default"
        config_jsonschema: t.ClassVar[dict[str, t.Any]] = {"properties": {}}

        def discover_streams(self) -> list[Stream]:
            return [Rows(self)]

    Default().streams[stream_name].sync()
    return count


def airbyte(stream_name: str, array: str | None, path: Path) -> int:
    """Read a document with the parts that Airbyte's source puts together for a report.

    Of its source for flat files everything runs that comes after the download: decoder, two selectors, cursor, queue.
    Its manifest has no reports of vendors: for JSON one selector stands for the two, and nothing for the rest.
    """
    if array is None:
        return _airbyte_flat(path)
    import requests  # noqa: PLC0415
    from airbyte_cdk.entrypoint import AirbyteEntrypoint  # noqa: PLC0415
    from airbyte_cdk.sources.declarative.extractors import DpathExtractor, RecordSelector  # noqa: PLC0415
    from airbyte_cdk.sources.types import StreamSlice  # noqa: PLC0415
    from airbyte_cdk.sources.utils.record_helper import stream_data_to_airbyte_message  # noqa: PLC0415
    from airbyte_cdk.sources.utils.transform import TransformConfig, TypeTransformer  # noqa: PLC0415
    from source_amazon_seller_partner.components.decoder import GzipJsonDecoder  # noqa: PLC0415

    response = requests.Response()
    response.status_code = 200
    response._content = path.read_bytes()  # noqa: SLF001
    decoder = GzipJsonDecoder(parameters={})
    extractor = DpathExtractor(field_path=[array], config={}, parameters={}, decoder=decoder)
    selector = RecordSelector(
        extractor=extractor,
        config={},
        parameters={},
        schema_normalization=TypeTransformer(TransformConfig.NoTransform),
        transformations=[],
    )
    part = StreamSlice(partition={}, cursor_slice={"end_time": "2026-11-16T00:00:00Z"})
    count = 0
    for record in selector.select_records(response, {}, {}, part):
        message = stream_data_to_airbyte_message(stream_name, record)
        print(AirbyteEntrypoint.airbyte_message_to_string(message) + "\n", end="", flush=True)
        count += 1
    return count


def _airbyte_flat(path: Path) -> int:
    """Let Airbyte's source read the report of fulfilled shipments, with a document in place of the HTTP answer."""
    from collections import defaultdict  # noqa: PLC0415
    from queue import Queue  # noqa: PLC0415

    import requests  # noqa: PLC0415
    from airbyte_cdk.entrypoint import AirbyteEntrypoint  # noqa: PLC0415
    from airbyte_cdk.sources.types import StreamSlice  # noqa: PLC0415
    from airbyte_cdk.sources.utils.record_helper import stream_data_to_airbyte_message  # noqa: PLC0415
    from source_amazon_seller_partner.source import SourceAmazonSellerPartner  # noqa: PLC0415

    window = {"start_time": "2026-11-01T00:00:00Z", "end_time": "2026-11-16T00:00:00Z"}
    config = {
        "lwa_app_id": "app", "lwa_client_secret": "secret", "refresh_token": "token", "app_id": "app",
        "region": "US", "aws_environment": "PRODUCTION", "account_type": "Seller",
        "replication_start_date": window["start_time"], "replication_end_date": window["end_time"],
    }  # fmt: skip
    source = SourceAmazonSellerPartner(catalog=None, config=config, state=None)
    config.update(source.get_aws_config_settings(config))
    concurrent, _ = source._group_streams(config)  # noqa: SLF001
    stream = next(each for each in concurrent if each.name == "GET_AMAZON_FULFILLED_SHIPMENTS_DATA_GENERAL")
    factory = stream._stream_partition_generator._partition_factory  # noqa: SLF001
    slicer = factory._retriever.stream_slicer  # noqa: SLF001
    download = slicer.job_orchestrator_factory([])._job_repository.download_retriever  # noqa: SLF001
    response = requests.Response()
    response.status_code = 200
    response._content = path.read_bytes()  # noqa: SLF001
    download.requester.send_request = lambda *_, **__: response
    part = StreamSlice(partition={}, cursor_slice=window, extra_fields={"jobs": [], "url": "https://localhost"})
    slicer.fetch_records = lambda _: (record.data for record in download.read_records({}, part))
    entrypoint, queue = AirbyteEntrypoint(source), t.cast("t.Any", Queue())
    counts: dict[t.Any, float] = defaultdict(float)
    count = 0
    for read in factory.create(part).read():
        queue.put(read)
        record = queue.get()
        message = stream_data_to_airbyte_message(stream.name, record.data)
        stream.cursor.observe(record)
        message = entrypoint.handle_record_counts(message, counts)
        print(AirbyteEntrypoint.airbyte_message_to_string(message) + "\n", end="", flush=True)
        count += 1
    return count


# The table.


@dataclass(frozen=True)
class Measured:
    """What a reader took.

    Attributes:
        rows: How many it read.
        seconds: Of processor time, without the start of the program.
        start: Megabytes that it took before it read.
        peak: The most megabytes that it took.
    """

    rows: int
    seconds: float
    start: float
    peak: float

    @property
    def speed(self) -> float:
        """Rows a second."""
        return self.rows / self.seconds


def _peak() -> float:
    """Return the most memory that this process took, in megabytes."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1000
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (10**6 if sys.platform == "darwin" else 1000)


def run_reader(reader: str, stream: str, array: str | None, path: Path) -> None:
    """Run a reader in the measured process; the result is the last line of standard error."""
    functions = {"ours": ours, "floor": floor, "SDK": sdk, "Airbyte": airbyte}
    # One row first, so that imports and one-time work are not measured.
    functions[reader](stream, array, next(case for case in CASES if case.stream == stream).make(1))
    start, began = _peak(), time.process_time()
    rows = functions[reader](stream, array, path)
    sys.stdout.flush()
    print(json.dumps([rows, time.process_time() - began, start, _peak()]), file=sys.stderr)


def measure(reader: str, case: Case, rows: int, python: str) -> Measured:
    """Measure a reader in a process of its own.

    Raises:
        RuntimeError: It failed; says why.
    """
    command = [python, __file__, "--reader", reader, case.stream, case.array or "", str(case.make(rows))]
    environment = os.environ | {
        "SINGER_SDK_LOG_CONFIG": "",
        "PYTHONPATH": str(ROOT) if python == sys.executable else "",
    }
    done = subprocess.run(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False
    )
    if done.returncode:
        text = f"{reader} failed to read {case.stream}:\n{done.stderr}"
        raise RuntimeError(text)
    found = Measured(*json.loads(done.stderr.splitlines()[-1]))
    if found.rows != rows:
        text = f"{reader} read {found.rows} of {rows} rows of {case.stream}"
        raise RuntimeError(text)
    return found


def airbyte_python() -> str | None:
    """Return a Python that has Airbyte's source, installed now if need be; None if that can't be."""
    python = FOLDER / "airbyte" / "bin" / "python"
    try:
        if not python.exists():
            subprocess.run([sys.executable, "-m", "venv", python.parent.parent], check=True)
        if subprocess.run(
            [python, "-c", "import source_amazon_seller_partner"], check=False, capture_output=True
        ).returncode:
            subprocess.run([python, "-m", "pip", "install", "--quiet", AIRBYTE], check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"Airbyte is left out: {AIRBYTE} can't be installed here ({error}).")
        return None
    return str(python)


def table(*, small: bool, airbyte: str | None) -> Iterator[str]:
    """Measure everything, line by line of a table."""
    yield f"{'stream':28}{'rows':>12} {'reader':9}{'rows/s':>10}{'peak MB':>9}   ours is"
    with contextlib.suppress(AttributeError, OSError):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    from tap_amazon_vendor.streams import REPORT_STREAMS  # noqa: PLC0415

    known = {stream.name for stream in REPORT_STREAMS}
    for case in CASES:
        if case.stream not in known:
            yield f"{case.stream:28}is not in this version"
            continue
        rows = case.rows[small]
        our_speed = 0.0
        for reader in READERS:
            slow = reader in {"SDK", "Airbyte"}
            count = min(rows, SLOW_ROWS) if slow else rows
            python = sys.executable if reader != "Airbyte" else airbyte
            if not python:
                continue
            found = measure(reader, case, count, python)
            our_speed = our_speed or found.speed
            ratio = f"{our_speed / found.speed:8.1f} x" if reader != "ours" else ""
            grows = f" {(found.peak - found.start) * 1000 / count:.1f} kB a row" if reader == "Airbyte" else ""
            yield f"{case.stream:28}{count:12,} {reader:9}{found.speed:10,.0f}{found.peak:9.0f}{ratio}{grows}"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--rows", choices=("small", "full"), default="full", help="small: seconds, and no more than a look"
    )
    parser.add_argument("--airbyte", metavar="PYTHON", help="that has Airbyte's source; `no` to leave it out")
    parser.add_argument("--reader", nargs=4, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.reader:
        reader, stream, array, path = arguments.reader
        run_reader(reader, stream, array or None, Path(path))
        return
    airbyte = None if arguments.airbyte == "no" else arguments.airbyte or airbyte_python()
    for line in table(small=arguments.rows == "small", airbyte=airbyte):
        print(line, flush=True)


if __name__ == "__main__":
    main()
