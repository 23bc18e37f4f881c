"""Instructions a row of each stage of the tap, from the download to the messages, and misses of the cache.

    python benchmarks/stages.py [--before FOLDER] [--docs]

Valgrind counts them (`apt-get install valgrind`), so other work on the computer does not change them. The cache is one
of 512 KB for each core, as many servers have. It does not count the system's work for a process. `--before` takes a
checkout of another version, which is measured too; `--docs` writes the table into docs/quota.md.

The bare loop is that of `end_to_end.py`.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
import threading
import typing as t
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
if __name__ == "__main__" and "--count" not in sys.argv:
    sys.path[:0] = [str(ROOT), str(ROOT / "scripts")]
    try:
        import singer_sdk  # noqa: F401
    except ImportError:
        import bootstrap

        bootstrap.in_venv(__file__, checks=True)

import end_to_end
import records

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from concurrent.futures import Future

BEGIN, END = "<!-- benchmarks/stages.py -->", "<!-- end of stages -->"

#: Rows of the two documents of a case: their difference leaves out what is done once for a document.
ROWS = (12_000, 32_000)

#: Ends a count: a function of the C library that nothing else calls.
MARK = "getppid"

#: Same hashes in each run; and no copying by `rep movsb`, which counts as an instruction for each byte.
ENVIRONMENT = {
    "PYTHONHASHSEED": "0",
    "GLIBC_TUNABLES": "glibc.cpu.x86_rep_movsb_threshold=2000000000:glibc.cpu.x86_rep_stosb_threshold=2000000000",
}


class Events(t.NamedTuple):
    """What is counted.

    Attributes:
        names: Valgrind's names.
        options: Its options.
    """

    names: Sequence[str]
    options: Sequence[str] = ()


INSTRUCTIONS = Events(("Ir",))
#: Reads and writes that miss the cache of the second level. Of both: bytes, ways, bytes of a line.
MISSES = Events(("DLmr", "DLmw"), ("--cache-sim=yes", "--D1=32768,8,64", "--LL=524288,8,64"))


CASES: Mapping[str, records.Case] = {
    name: records.case_of(stream)
    for name, stream in (
        ("vendor sales (JSON)", "vendor_sales"),
        ("fulfilled shipments (flat file)", "seller_fulfilled_shipments"),
    )
}


# What is counted, in a process of its own, which imports the version that is measured.


def download(_: records.Case, path: Path) -> None:
    """Save the document from a server on this computer, without TLS."""
    from tap_amazon_vendor.amazon.download import download  # noqa: PLC0415
    from tap_amazon_vendor.amazon.transport import Transport  # noqa: PLC0415
    from tap_amazon_vendor.clock import SystemClock  # noqa: PLC0415

    clock = SystemClock()
    transport = Transport(clock=clock, sleep=clock.sleep, rng=random.Random(0))
    with tempfile.TemporaryDirectory() as folder:
        url = f"{os.environ['DOCUMENTS']}/{path.name}"
        download(transport, url, Path(folder, path.name), may_download=lambda _: True, operation="download")


def unzip(_: records.Case, path: Path) -> None:
    """Unzip it."""
    from tap_amazon_vendor.documents.unzip import unzipped  # noqa: PLC0415

    with unzipped(path) as file:
        while file.read(1 << 15):
            pass


def check(case: records.Case, path: Path) -> t.Any:  # noqa: ANN401  # of the version that is measured
    """Unzip it, and check that it is whole."""
    from tap_amazon_vendor.documents.files import open_document, open_flat_file  # noqa: PLC0415

    return open_document(path) if case.array else open_flat_file(path)


def cut(case: records.Case, path: Path) -> None:
    """Check it, then read slices of rows, or lines and their cells."""
    from tap_amazon_vendor.documents.delimited import Table  # noqa: PLC0415
    from tap_amazon_vendor.documents.files import read_slices  # noqa: PLC0415

    document = check(case, path)
    pieces = read_slices(document, case.array) if case.array else Table(path, document.charset, path.name).chunks()
    for _ in pieces:
        pass


def shape(case: records.Case, path: Path) -> None:
    """Check it, then read rows."""
    _, rows = records.chunks_of(case.stream, case.array, path)
    for _ in rows:
        pass


def write(case: records.Case, path: Path) -> None:
    """Check it, then read rows, and write their messages."""
    records.ours(case.stream, case.array, path)


def bare(case: records.Case, path: Path) -> None:
    """Decode the whole document and write its rows as they are."""
    end_to_end.bare(str(path), case.stream, case.array or "")


Parts: t.TypeAlias = "Sequence[Callable[[records.Case, Path], t.Any]]"
TAP: Parts = (download, unzip, check, cut, shape, write)
#: In a process of its own: otherwise Python's garbage collector also goes through what the tap has in memory.
BARE: Parts = (bare,)
PARTS = {part.__name__: part for part in (*TAP, *BARE)}


def count(name: str, parts: Parts) -> None:
    """Run each part with a document of one row, then with those of `ROWS`, and call `MARK` after each."""
    case = CASES[name]
    for part in parts:
        # Imports and caches are not counted.
        part(case, case.make(1))
        os.getppid()
        for rows in ROWS:
            part(case, case.make(rows, distinct=True))
            os.getppid()


# The table.


@contextmanager
def documents() -> Iterator[str]:
    """Serve the documents, and yield the URL of their folder."""

    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # its name there
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(records.FOLDER))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def measure(name: str, version: Path, parts: Parts, events: Events) -> dict[str, float]:
    """Count the events a row of each part.

    Args:
        name: The case, whose documents are made.
        version: The checkout to measure.
        parts: Some of `TAP`, or `BARE`.
        events: What to count.

    Raises:
        RuntimeError: It failed; quotes the end of its standard error.
    """
    with documents() as url, tempfile.TemporaryDirectory() as folder:
        result = Path(folder, "count")
        command = (
            *("valgrind", "--tool=callgrind", f"--dump-before={MARK}", f"--callgrind-out-file={result}"),
            *events.options,
            *(sys.executable, __file__, "--count", name, "--version", str(version.resolve())),
            *("--parts", *(part.__name__ for part in parts)),
        )
        environment = os.environ | ENVIRONMENT | {"DOCUMENTS": url}
        end_to_end.run(command, env=environment, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        counts = [_total(Path(f"{result}.{number}"), events.names) for number in range(1, 3 * len(parts) + 1)]
    small, large = ROWS
    return {
        part.__name__: (counts[3 * place + 2] - counts[3 * place + 1]) / (large - small)
        for place, part in enumerate(parts)
    }


def _total(file: Path, events: Sequence[str]) -> int:
    fields = dict(line.split(":", 1) for line in file.read_text(encoding="utf-8").splitlines() if ":" in line)
    counts = dict(zip(fields["events"].split(), map(int, fields["totals"].split()), strict=True))
    return sum(counts[event] for event in events)


def stages(of: Mapping[str, float]) -> Iterator[tuple[str, float]]:
    """Yield the name of each stage and its thousand instructions a row."""
    unzipped, checked = of["unzip"], of["check"]
    for name, instructions in (
        ("download, without TLS", of["download"]),
        ("unzip, to check the document", unzipped),
        ("check that it is complete", checked - unzipped),
        ("unzip, to read the document", unzipped),
        ("cut into slices, or into lines and cells", of["cut"] - checked - unzipped),
        ("shape and check rows", of["shape"] - of["cut"]),
        ("write messages", of["write"] - of["shape"]),
        ("total", of["download"] + of["write"]),
        ("bare loop", of["bare"]),
    ):
        yield name, instructions / 1000


def table(versions: Sequence[Path]) -> Iterator[str]:
    """Measure everything, and yield a table in Markdown line by line. Each cell has the figures of all versions."""
    for name in CASES:
        for rows in (1, *ROWS):
            CASES[name].make(rows, distinct=rows > 1)
    # Counts do not depend on what else runs.
    with ThreadPoolExecutor(os.cpu_count()) as pool:

        def begin(version: Path, parts: Parts, events: Events) -> Mapping[str, Future[dict[str, float]]]:
            return {name: pool.submit(measure, name, version, parts, events) for name in CASES}

        tap = [begin(version, TAP, INSTRUCTIONS) for version in versions]
        missed = [begin(version, (write,), MISSES) for version in versions]
        bare_loop, bare_missed = begin(ROOT, BARE, INSTRUCTIONS), begin(ROOT, BARE, MISSES)
    found = {name: [dict(stages(each[name].result() | bare_loop[name].result())) for each in tap] for name in CASES}
    lines = [
        [stage, *(" → ".join(f"{max(0.0, each[stage]):.1f}" for each in of) for of in found.values())]
        for stage in next(iter(found.values()))[0]
    ]
    speeds = (" → ".join(f"{each['bare loop'] / each['total']:.2f}" for each in of) for of in found.values())
    lines.append(["speed / the bare loop's", *speeds])
    for what, of in (("the tap", missed), ("the bare loop", [bare_missed])):
        texts = (" → ".join(f"{sum(each[name].result().values()):,.0f}" for each in of) for name in CASES)
        lines.append([f"cache misses of {what}, not in thousands", *texts])
    yield from end_to_end.table(["thousand instructions a row", *found], iter(lines))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--before", type=Path, metavar="FOLDER", help="a checkout of another version")
    parser.add_argument("--docs", action="store_true", help="write the table into docs/quota.md")
    parser.add_argument("--count", metavar="NAME", help=argparse.SUPPRESS)
    parser.add_argument("--version", help=argparse.SUPPRESS)
    parser.add_argument("--parts", nargs="+", choices=PARTS, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.count:
        sys.path.insert(0, arguments.version)
        count(arguments.count, [PARTS[name] for name in arguments.parts])
        return
    lines = []
    for line in table([*filter(None, (arguments.before,)), ROOT]):
        print(line, flush=True)
        lines.append(line)
    if arguments.docs:
        end_to_end.write_into(end_to_end.PAGE, BEGIN, lines, END)


if __name__ == "__main__":
    main()
