"""Prove that nothing is lost: every fault × every kind of stream, and `kill -9` at many points of `meltano run`.

`python3 scripts/prove.py` prints the figures; with `--write` they go into docs/proof.md as well. It takes an hour;
with `--log FILE` an interrupted series continues where it stopped.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import logging
import random
import sys
import typing as t
from collections import defaultdict
from pathlib import Path

import bootstrap

PAGE = bootstrap.ROOT / "docs" / "proof.md"
BEGIN, END = "<!-- made by scripts/prove.py -->", "<!-- end -->"


Results = dict[str, dict[str, t.Any]]

#: Number of kills after which the time of a run is measured again.
MEASURE_EVERY = 10

#: What is counted, in the order in which it is printed.
COUNTS = ("lost", "doubled", "wrong")


def main() -> int:
    """Prove it; return 1 if something was lost."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200, help="how many runs of Meltano to kill")
    parser.add_argument("--seed", type=int, default=1, help="chooses the moments of the kills")
    parser.add_argument("--log", type=Path, help="append results to this file, and skip what it already contains")
    parser.add_argument("--write", action="store_true", help="write the figures into docs/proof.md")
    arguments = parser.parse_args()
    bootstrap.in_venv(__file__, checks=True)
    sys.path[:0] = [str(bootstrap.ROOT), str(bootstrap.ROOT / "tests")]
    logging.disable(logging.CRITICAL)
    log = Log(arguments.log)
    try_faults(log)
    kill_runs(log, arguments.kills, arguments.seed)
    text = f"{report_faults(log)}\n\n{report_kills(log)}"
    print(f"\n{text}")
    if arguments.write:
        before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
        PAGE.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{rest.partition(END)[2]}", encoding="utf-8")
    return int(not all(result["whole"] for result in (*log.faults.values(), *log.kills.values())))


class Log:
    """The results of faults and kills, by name, also in a file, so that an interrupted series can continue.

    Attributes:
        faults: The results by fault, kind of stream and number of times.
        kills: The results by the number of the kill.
    """

    def __init__(self, file: Path | None) -> None:
        """Read what the file holds."""
        self.faults: Results = {}
        self.kills: Results = {}
        self._file = file
        lines = file.read_text(encoding="utf-8").splitlines() if file and file.exists() else []
        for what, name, result in map(json.loads, lines):
            getattr(self, what)[name] = result

    def add(self, what: str, name: str, result: t.Any) -> None:  # noqa: ANN401  # of either kind
        """Add a result, and print it."""
        kept = {**dataclasses.asdict(result), "whole": result.whole}
        getattr(self, what)[name] = kept
        print(name, "survived" if result.whole else f"NOT WHOLE: {result}", flush=True)
        if self._file:
            with self._file.open("a", encoding="utf-8") as file:
                file.write(f"{json.dumps([what, name, kept], default=sorted)}\n")


def try_faults(log: Log) -> None:
    """Let every fault strike every kind of stream, once, three times and for a whole run."""
    from fault_matrix import CASES, TIMES, survive  # noqa: PLC0415

    for kind, fault in CASES:
        for times in TIMES:
            name = f"{fault} | {kind} | {times or 'for ever'}"
            if name not in log.faults:
                log.add("faults", name, survive(kind, fault, times))


def report_faults(log: Log) -> str:
    """Return the figures, and a table with a line for each fault."""
    from docs_tables import table  # noqa: PLC0415
    from fault_matrix import KINDS  # noqa: PLC0415

    cells: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for name, result in log.faults.items():
        fault, kind, _ = name.split(" | ")
        cells[fault][kind].append("yes" if result["whole"] else "NO")
    rows = ([fault, *(" ".join(cells[fault][kind]) for kind in KINDS)] for fault in sorted(cells))
    wasted = sum(result["wasted"] for result in log.faults.values())
    return f"{_figures(log.faults, 'faults')}; reports wasted {wasted}.\n\n{table(['fault', *KINDS], rows)}"


def kill_runs(log: Log, kills: int, seed: int) -> None:
    """Kill runs, each at a moment derived from the seed and its number, and let a second run follow each."""
    from crashes import pipeline  # noqa: PLC0415

    left = [number for number in range(kills) if f"kill {number}" not in log.kills]
    if not left:
        return
    with pipeline() as made:
        for count, number in enumerate(left, 1):
            if count % MEASURE_EVERY == 0:
                made.measure()
            after = random.Random(f"{seed} {number}").uniform(0.5, made.seconds)
            log.add("kills", f"kill {number}", made.crash(number, after))


def report_kills(log: Log) -> str:
    """Return the figures."""
    twice = sum(result["twice"] for result in log.kills.values())
    latest = max((result["after"] for result in log.kills.values()), default=0)
    early = sum(not result["asked"] for result in log.kills.values())
    late = sum(bool(result["there"]) for result in log.kills.values())
    when = (
        f"The kills came 0.5 to {latest:.0f} s after a run began: {early} before it had requested a report, "
        f"{len(log.kills) - early - late} before and {late} after rows were in a table"
    )
    return f"{_figures(log.kills, 'kills')}; reports asked for twice {twice}. {when}."


def _figures(results: Results, what: str) -> str:
    survived = sum(result["whole"] for result in results.values())
    counts = ", ".join(f"{name} {sum(result[name] for result in results.values())}" for name in COUNTS)
    return f"{survived} of {len(results)} {what} survived; rows {counts}"


if __name__ == "__main__":
    sys.exit(main())
