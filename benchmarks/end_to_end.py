"""The whole path: from Amazon's bytes to the user's table, in ratios of one run on one computer.

    python benchmarks/end_to_end.py [--rows 300000] [--docs]

A local Amazon in a process of its own serves one document of vendor sales, or one flat file of shipments. Measured are

- the tap alone, as a process: token, report, download (without TLS), check, rows, messages; beside a bare loop that
  decodes the whole document, or the file by `csv.DictReader`, and encodes it with msgspec; the programs run in turn,
  and of each the run with the least user time counts;
- tap and target in a pipe, into an empty table and then once more into the full one, with each of `TARGETS`' settings;
  beside a plain `COPY` of the same rows into a table of the same columns and key, and one upsert.

Ratios of processor time, that of the database server included, so that other work on the computer does not change
them. `--docs` writes them into docs/quota.md.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import typing as t
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "scripts"), str(ROOT / "benchmarks")]
if __name__ == "__main__":
    try:
        import psycopg  # noqa: F401
        import singer_sdk  # noqa: F401
    except ImportError:
        import bootstrap

        bootstrap.in_venv(__file__, checks=True)

import records

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from embedded_postgres import Postgres

PAGE = ROOT / "docs" / "quota.md"
BEGIN, END = "<!-- benchmarks/end_to_end.py -->", "<!-- end -->"

#: The settings of the target that are compared; the first is that of meltano.yml.
TARGETS: Mapping[str, Mapping[str, t.Any]] = {
    "as in meltano.yml": {},
    "batches of 10,000": {"batch_size_rows": 10_000},
    "one batch": {"batch_size_rows": 10_000_000},
    "INSERT in place of COPY": {"use_copy": False},
    "without `_sdc` columns": {"add_record_metadata": False},
    "append-only": {"load_method": "append-only"},
}
AS_IN_MELTANO = {
    "default_target_schema": "amazon",
    "use_copy": True,
    "load_method": "upsert",
    "batch_size_rows": 50_000,
    "validate_records": False,
    "add_record_metadata": True,
    "activate_version": False,
}
#: Most rows of the bare loop's document, all of which it holds in memory. Its speed does not depend on the number.
BARE_ROWS = 300_000

#: Number of runs of each program with up to `BARE_ROWS` rows.
RUNS = 5

#: Stream, and what it is told besides the account.
STREAMS: Mapping[str, Mapping[str, t.Any]] = {
    "vendor_sales": {
        "account_type": "vendor",
        "distributor_views": ["MANUFACTURING"],
        "start_date": "2026-11-16",
        "end_date": "2026-11-16",
    },
    "seller_fulfilled_shipments": {"account_type": "seller", "start_date": "2026-11-01", "end_date": "2026-11-19"},
    "brand_search_terms": {
        "account_type": "vendor",
        "report_periods": ["DAY"],
        "start_date": "2026-11-16",
        "end_date": "2026-11-16",
    },
}
TAP = (sys.executable, "-m", "tap_amazon_vendor")
TARGET = (sys.executable, "-c", "from target_postgres.target import TargetPostgres; TargetPostgres.cli()")


@dataclass(frozen=True)
class Took:
    """What a process took.

    Attributes:
        seconds: Elapsed.
        user: Seconds of processor time in the program.
        system: The same in the system.
        peak: Megabytes of memory at most.
    """

    seconds: float
    user: float
    system: float
    peak: float


def serve(document: str, stream: str) -> None:
    """Serve a document as that of each report, until standard input ends."""
    from amazon_sandbox import Sandbox, running  # noqa: PLC0415
    from amazon_sandbox.documents import Content  # noqa: PLC0415

    sandbox = Sandbox(speed=1000)
    content = Content()
    with Path(document).open("rb") as file:
        content.fill(iter(lambda: file.read(1 << 18), b""))
    sandbox.documents.content = lambda _job: content  # type: ignore[method-assign,assignment]
    sandbox.documents.compressed = lambda _job: True  # type: ignore[method-assign,assignment]
    kind = STREAMS[stream]["account_type"]
    account = next(each for each in sandbox.accounts if each.label == f"{kind}-us")
    with running(sandbox) as server:
        print(json.dumps({**_settings(account, server), **STREAMS[stream]}), flush=True)
        sys.stdin.read()


def _settings(account: t.Any, server: t.Any) -> dict[str, t.Any]:  # noqa: ANN401  # of the sandbox
    return {
        "client_id": account.client_id,
        "client_secret": account.client_secret,
        "refresh_token": account.refresh_token,
        "marketplaces": ["US"],
        "api_url": server.url,
        "auth_url": server.auth_url,
    }


#: Runs a command and writes what it took into a file. This process must be small, because the peak memory that the
#: system reports for the command includes that of its parent at the start.
LAUNCHER = """
import json, os, subprocess, sys, time
began = time.monotonic()
process = subprocess.Popen(sys.argv[2:])
_, status, usage = os.wait4(process.pid, 0)
peak = usage.ru_maxrss / (1e6 if sys.platform == "darwin" else 1000)
with open(sys.argv[1], "w") as file:
    json.dump([time.monotonic() - began, usage.ru_utime, usage.ru_stime, peak], file)
sys.exit(os.waitstatus_to_exitcode(status))
"""


def run(command: Sequence[str], **how: t.Any) -> Took:  # noqa: ANN401  # of subprocess
    """Run a command to its end, and return what it took.

    Raises:
        RuntimeError: It failed; quotes the end of its standard error.
    """
    with tempfile.TemporaryDirectory() as folder:
        result, log = Path(folder, "took"), Path(folder, "log")
        with log.open("wb") as errors:
            launch = [sys.executable, "-S", "-E", "-c", LAUNCHER, str(result), *command]
            done = subprocess.run(launch, check=False, stderr=errors, **how)
        if done.returncode:
            text = f"{command!r} ended with {done.returncode}: {log.read_text(encoding='utf-8')[-2000:]}"
            raise RuntimeError(text)
        return Took(*json.loads(result.read_text(encoding="utf-8")))


def bare(document: str, stream: str, rows_of: str) -> None:
    """Decode a whole document and encode the messages of its rows as they are: what no reader can be faster than."""
    import csv  # noqa: PLC0415
    import gzip  # noqa: PLC0415
    import io  # noqa: PLC0415

    import msgspec  # noqa: PLC0415

    encode, write = msgspec.json.Encoder().encode, sys.stdout.buffer.write
    with gzip.open(document) as file:
        rows: t.Iterable[t.Any]
        if rows_of:
            rows = msgspec.json.decode(file.read())[rows_of]
        else:
            rows = csv.DictReader(io.TextIOWrapper(file, "utf-8"), delimiter="\t", quoting=csv.QUOTE_NONE)
        for row in rows:
            write(encode({"type": "RECORD", "stream": stream, "record": row}))
            write(b"\n")


@contextmanager
def amazon(document: Path, stream: str) -> Iterator[dict[str, t.Any]]:
    """Run a local Amazon, and yield the tap's settings for it."""
    command = [sys.executable, __file__, "--serve", str(document), stream]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin  # noqa: S101  # of types
        assert process.stdout  # noqa: S101
        try:
            yield json.loads(process.stdout.readline())
        finally:
            process.stdin.close()


def run_tap(document: Path, stream: str, messages: Path) -> Took:
    """Run the tap against a local Amazon that has the document; write its messages into a file."""
    with amazon(document, stream) as settings, tempfile.TemporaryDirectory() as folder:
        config, catalog = (Path(folder, name) for name in ("config.json", "catalog.json"))
        config.write_text(json.dumps(settings), encoding="utf-8")
        catalog.write_text(json.dumps(selected(config, stream)), encoding="utf-8")
        command = [*TAP, "--config", str(config), "--catalog", str(catalog)]
        with messages.open("wb") as output:
            return run(command, env=os.environ | {"PYTHONPATH": str(ROOT)}, stdout=output)


def selected(config: Path, stream: str) -> dict[str, t.Any]:
    """Return the tap's catalog, with one stream selected."""
    command = [*TAP, "--config", str(config), "--discover"]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    found = subprocess.run(command, env=environment, check=True, capture_output=True)
    catalog: dict[str, t.Any] = json.loads(found.stdout)
    for each in catalog["streams"]:
        for metadata in each["metadata"]:
            if not metadata["breadcrumb"]:
                metadata["metadata"]["selected"] = each["tap_stream_id"] == stream
    return catalog


def run_bare(document: Path, stream: str, messages: Path) -> Took:
    """Run the bare loop; write its messages into a file."""
    array = next(case.array for case in records.CASES if case.stream == stream) or ""
    with messages.open("wb") as output:
        return run([sys.executable, __file__, "--bare", str(document), stream, array], stdout=output)


def least(programs: Sequence[Callable[[], Took]]) -> list[Took]:
    """Run programs in turn, `RUNS` times. Return of each what the run with the least user time took.

    Other work on the computer only adds to it. In turn, because it comes and goes.
    """
    took = [[program() for program in programs] for _ in range(RUNS)]
    return [min(each, key=lambda took: took.user) for each in zip(*took, strict=True)]


def tap_rows(stream: str, rows: int, messages: Path) -> Iterator[Sequence[str]]:
    """Measure the tap beside the bare loop, without the start of the programs."""
    case = records.case_of(stream)
    few = min(rows, BARE_ROWS)
    whole, part, one = case.make(rows, distinct=True), case.make(few, distinct=True), case.make(1)
    programs = [
        lambda: run_bare(one, stream, messages),
        lambda: run_bare(part, stream, messages),
        lambda: run_tap(one, stream, messages),
    ]
    if rows > few:
        bare_start, bare_loop, start = least(programs)
        tap = run_tap(whole, stream, messages)
    else:
        bare_start, bare_loop, start, tap = least([*programs, lambda: run_tap(whole, stream, messages)])
    _check(messages, stream, rows)
    speed, bare_speed = rows / (tap.user - start.user), few / (bare_loop.user - bare_start.user)
    what = "JSON" if case.array else "flat file"
    yield (
        f"{stream} ({what})",
        f"{rows:,}",
        f"{speed / bare_speed:.2f} x",
        f"{tap.system / tap.user:.2f}",
        f"{tap.peak:.0f} MB",
    )


def _check(messages: Path, stream: str, rows: int) -> None:
    """Check that all rows were written.

    Raises:
        RuntimeError: They were not.
    """
    start = f'{{"type":"RECORD","stream":"{stream}",'.encode()
    with messages.open("rb") as file:
        count = sum(line.startswith(start) for line in file)
    if count != rows:
        text = f"the tap wrote {count} of {rows} rows of {stream}"
        raise RuntimeError(text)


def load(server: Postgres, messages: Path, settings: Mapping[str, t.Any], schema: str) -> Took:
    """Load messages into PostgreSQL."""
    with tempfile.TemporaryDirectory() as folder, messages.open("rb") as lines:
        config = Path(folder, "config.json")
        config.write_text(
            json.dumps({"sqlalchemy_url": server.url, **AS_IN_MELTANO, **settings, "default_target_schema": schema}),
            encoding="utf-8",
        )
        return run([*TARGET, "--config", str(config)], stdin=lines, stdout=subprocess.DEVNULL)


class ServerTime:
    """The processor time of a database server, whose connections are closed.

    Attributes:
        process: The id of the server's first process.
    """

    def __init__(self, server: Postgres) -> None:
        """Find the server's first process."""
        import psycopg  # noqa: PLC0415

        with psycopg.connect(server.dsn) as connection:
            (folder,) = connection.execute("show data_directory").fetchone() or ("",)
        self.process = int(Path(folder, "postmaster.pid").read_text(encoding="utf-8").split()[0])

    def taken(self) -> float:
        """Return the seconds so far, those of processes that have ended included."""
        time.sleep(0.5)  # A connection's process ends a moment after it.
        fields = Path(f"/proc/{self.process}/stat").read_text(encoding="utf-8").rpartition(") ")[2].split()
        return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def copy(server: Postgres, stream: str, schema: str, rows: Path) -> tuple[float, float]:
    """Return the processor time of a plain `COPY` and an upsert of rows that a target has loaded.

    Args:
        server: The server.
        stream: The table.
        schema: Its schema.
        rows: A file to write the rows into.

    Returns:
        Seconds for an empty table, and for the full one.
    """
    import psycopg  # noqa: PLC0415

    times, server_time = [], ServerTime(server)
    with psycopg.connect(server.dsn, autocommit=True) as connection:
        with rows.open("wb") as file, connection.cursor().copy(f"copy {schema}.{stream} to stdout") as out:
            for block in out:
                file.write(block)
        connection.execute(f"create table plain (like {schema}.{stream} including all)")
        found = connection.execute("select * from plain limit 0").description or ()
        columns = [column.name for column in found]
        (keys,) = connection.execute(
            "select array_agg(attname::text) from pg_index join pg_attribute on attrelid = indrelid "
            "and attnum = any(indkey) where indrelid = 'plain'::regclass and indisprimary"
        ).fetchone() or ([],)
        sets = ", ".join(f'"{name}" = excluded."{name}"' for name in columns if name not in keys)
    for _ in range(2):
        began = server_time.taken() + time.process_time()
        with psycopg.connect(server.dsn, autocommit=True) as connection, connection.transaction():
            connection.execute("create temp table new (like plain) on commit drop")
            with rows.open("rb") as file, connection.cursor().copy("copy new from stdin") as into:
                while block := file.read(1 << 18):
                    into.write(block)
            key = ", ".join(f'"{name}"' for name in keys)
            # Names of our own schema.
            upsert = f"insert into plain select * from new on conflict ({key}) do update set {sets}"  # noqa: S608
            connection.execute(upsert)
        times.append(server_time.taken() + time.process_time() - began)
    with psycopg.connect(server.dsn, autocommit=True) as connection:
        connection.execute("drop table plain")
    return times[0], times[1]


def target_rows(stream: str, rows: int, messages: Path, folder: Path, names: Sequence[str]) -> Iterator[Sequence[str]]:
    """Measure the target with each setting beside `COPY`."""
    import psycopg  # noqa: PLC0415
    from embedded_postgres import postgres  # noqa: PLC0415

    with postgres(folder) as server:
        server_time = ServerTime(server)
        for number, name in enumerate(names):
            schema = f"amazon{number}"
            loads = []
            for _ in range(2):
                began = server_time.taken()
                took = load(server, messages, TARGETS[name], schema)
                loads.append((took, took.user + took.system + server_time.taken() - began))
            (first, into_empty), (_, into_full) = loads
            empty, full = copy(server, stream, schema, folder / "rows")
            with psycopg.connect(server.dsn, autocommit=True) as connection:
                (count,) = connection.execute(f"select count(*) from {schema}.{stream}").fetchone() or (0,)  # noqa: S608
                connection.execute(f"drop schema {schema} cascade")
            yield (
                name,
                f"{rows:,}",
                f"{into_empty / empty:.1f} x",
                f"{into_full / full:.1f} x",
                f"{(first.user + first.system) / into_empty:.0%}",
                f"{first.peak:.0f} MB",
                f"{count:,}",
            )
            print(name, loads, empty, full, file=sys.stderr)


def table(head: Sequence[str], lines: Iterator[Sequence[str]]) -> Iterator[str]:
    """Write a table in Markdown, line by line."""
    yield f"| {' | '.join(head)} |"
    yield f"| {' | '.join(['---', *['---:'] * (len(head) - 1)])} |"
    for line in lines:
        yield f"| {' | '.join(line)} |"


def figures(rows: int, targets: Sequence[str]) -> Iterator[str]:
    """Measure everything; yield the lines of the tables."""
    with tempfile.TemporaryDirectory(prefix="tav-end-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)  # The server is another user where this one is root.
        messages = folder / "messages"
        head: Sequence[str] = (
            "the tap alone",
            "rows",
            "speed / the bare loop's",
            "system time / user time",
            "peak memory",
        )
        sales, flat = "vendor_sales", "seller_fulfilled_shipments"
        yield from table(head, (line for stream in (flat, sales) for line in tap_rows(stream, rows, messages)))
        if not targets:
            return
        yield ""
        head = (
            *("target-postgres", "rows", "into an empty table / COPY", "into a full table / COPY and upsert"),
            *("share outside the server", "peak memory", "rows in the table"),
        )
        yield from table(head, target_rows(sales, rows, messages, folder, targets))


def write_into(page: Path, begin: str, lines: Sequence[str], end: str) -> None:
    """Replace the lines of a page between two marks."""
    before, _, rest = page.read_text(encoding="utf-8").partition(begin)
    _, _, after = rest.partition(end)
    page.write_text("\n".join([f"{before}{begin}", *lines, f"{end}{after}"]), encoding="utf-8")


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--rows",
        type=int,
        default=300_000,
        help="rows of each document; few make the speed inexact",
    )
    parser.add_argument("--targets", choices=("none", "first", "all"), default="all", help="settings to compare")
    parser.add_argument("--docs", action="store_true", help=f"write the tables into {PAGE.relative_to(ROOT)}")
    parser.add_argument("--serve", nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--bare", nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve:
        serve(*arguments.serve)
        return
    if arguments.bare:
        bare(*arguments.bare)
        return
    targets = {"none": [], "first": [*TARGETS][:1], "all": [*TARGETS]}[arguments.targets]
    lines = []
    for line in figures(arguments.rows, targets):
        print(line, flush=True)
        lines.append(line)
    if arguments.docs:
        write_into(PAGE, BEGIN, lines, END)


if __name__ == "__main__":
    main()
