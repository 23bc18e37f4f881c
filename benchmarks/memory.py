"""Memory of tap, target and database server while one document of search terms reaches PostgreSQL.

    python benchmarks/memory.py [--rows 10000000]

A local Amazon serves one document; the tap writes into target-postgres as in `meltano run`, with the settings of
meltano.yml. The memory of each process is read once a second; the table has the maximum in each fifth of the run.
Memory that depends on the number of rows grows from fifth to fifth.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import tempfile
import time
import typing as t
from collections import defaultdict
from pathlib import Path

import end_to_end
import records

if t.TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from embedded_postgres import Postgres

STREAM = "brand_search_terms"
FIFTHS = 5
MEGABYTE = 1_000_000


def private_megabytes(process: int) -> float:
    """Return the megabytes of memory that a process shares with no other one; 0 if it has ended."""
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text(encoding="utf-8").splitlines()
    except (OSError, ProcessLookupError):
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Private_")) * 1024 / MEGABYTE


def children(process: int) -> list[int]:
    """Return the ids of the processes that a process has started."""
    text = Path(f"/proc/{process}/task/{process}/children").read_text(encoding="utf-8")
    return [int(child) for child in text.split()]


def sampled_load(server: Postgres, document: Path, folder: Path) -> Iterator[tuple[float, Mapping[str, float]]]:
    """Run the tap into the target, and look at their memory once a second.

    Yields:
        Seconds since the start, and the megabytes of each program.

    Raises:
        RuntimeError: The tap or the target failed; quotes the end of their logs.
    """
    first = end_to_end.ServerTime(server).process
    config, catalog, target = (folder / name for name in ("config.json", "catalog.json", "target.json"))
    with end_to_end.amazon(document, STREAM) as settings, (folder / "log").open("w+b") as log:
        config.write_text(json.dumps(settings), encoding="utf-8")
        catalog.write_text(json.dumps(end_to_end.selected(config, STREAM)), encoding="utf-8")
        target.write_text(json.dumps({**end_to_end.AS_IN_MELTANO, "sqlalchemy_url": server.url}), encoding="utf-8")
        reads = [*end_to_end.TAP, "--config", str(config), "--catalog", str(catalog)]
        writes = [*end_to_end.TARGET, "--config", str(target)]
        environment = os.environ | {"PYTHONPATH": str(records.ROOT)}
        began = time.monotonic()
        with (
            subprocess.Popen(reads, env=environment, stdout=subprocess.PIPE, stderr=log) as tap,
            subprocess.Popen(writes, stdin=tap.stdout, stdout=subprocess.DEVNULL, stderr=log) as loader,
        ):
            tap.stdout.close()  # type: ignore[union-attr]  # The target must see its end.
            while loader.poll() is None:
                yield (
                    time.monotonic() - began,
                    {
                        "tap": private_megabytes(tap.pid),
                        "target-postgres": private_megabytes(loader.pid),
                        "PostgreSQL": sum(map(private_megabytes, (first, *children(first)))),
                    },
                )
                time.sleep(1)
        if tap.returncode or loader.returncode:
            log.seek(0)
            raise RuntimeError(log.read()[-2000:].decode())


def main() -> None:
    """Load the document and print the table."""
    import psycopg  # noqa: PLC0415
    from embedded_postgres import postgres  # noqa: PLC0415

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=10_000_000)
    rows = parser.parse_args().rows
    document = records.case_of(STREAM).make(rows, distinct=True)
    with tempfile.TemporaryDirectory(prefix="tav-memory-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)  # The server is another user where this one is root.
        with postgres(folder / "postgres") as server:
            samples = [*sampled_load(server, document, folder)]
            with psycopg.connect(server.dsn) as connection:
                (count,) = connection.execute(f"select count(*) from amazon.{STREAM}").fetchone() or (0,)  # noqa: S608
    seconds = samples[-1][0]
    most: dict[int, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for at, sample in samples:
        fifth = min(FIFTHS - 1, int(at * FIFTHS / seconds))
        for program, megabytes in sample.items():
            most[fifth][program] = max(most[fifth][program], megabytes)
    programs = [*samples[0][1]]
    lines = ([f"{fifth + 1}", *(f"{most[fifth][program]:.0f} MB" for program in programs)] for fifth in range(FIFTHS))
    for line in end_to_end.table(["fifth of the run", *programs], lines):
        print(line)
    print(f"\n{count:,} of {rows:,} rows in {seconds:.0f} s")


if __name__ == "__main__":
    main()
