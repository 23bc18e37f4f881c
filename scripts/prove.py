"""Prove that nothing is lost: every fault × every kind of stream, and `kill -9` at many points of `meltano run`.

`python3 scripts/prove.py` prints the figures; with `--write` they go into docs/proof.md as well.
"""

from __future__ import annotations

import argparse
import logging
import random
import sys
from collections import Counter, defaultdict
from typing import TYPE_CHECKING

import bootstrap

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

PAGE = bootstrap.ROOT / "docs" / "proof.md"
BEGIN, END = "<!-- made by scripts/prove.py -->", "<!-- end -->"


def main() -> int:
    """Prove it; return 1 if something was lost."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200, help="how many runs of Meltano to kill")
    parser.add_argument("--seed", type=int, default=1, help="chooses the moments of the kills")
    parser.add_argument("--write", action="store_true", help="write the figures into docs/proof.md")
    arguments = parser.parse_args()
    bootstrap.in_venv(__file__, checks=True)
    sys.path[:0] = [str(bootstrap.ROOT), str(bootstrap.ROOT / "tests")]
    logging.disable(logging.CRITICAL)
    matrix, faults_survived = _matrix()
    crashes, kills_survived = _crashes(arguments.kills, arguments.seed)
    text = f"{matrix}\n\n{crashes}"
    print(f"\n{text}")
    if arguments.write:
        before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
        PAGE.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{rest.partition(END)[2]}", encoding="utf-8")
    return int(not (faults_survived and kills_survived))


def _matrix() -> tuple[str, bool]:
    """Try all faults; return a table, a line for each fault, and whether all were survived."""
    from docs_tables import table  # noqa: PLC0415
    from fault_matrix import CASES, KINDS, TIMES, survive  # noqa: PLC0415

    cells: dict[str, dict[str, str]] = defaultdict(dict)
    sums: Counter[str] = Counter()
    for kind, fault in CASES:
        survivals = [survive(kind, fault, times) for times in TIMES]
        for times, survival in zip(TIMES, survivals, strict=True):
            sums.update(
                tried=1,
                survived=survival.whole,
                lost=survival.lost,
                doubled=survival.doubled,
                wrong=survival.wrong,
                wasted=survival.wasted,
            )
            if not survival.whole:
                print(f"NOT WHOLE: {kind}, {fault}, {times or 'for ever'}: {survival}", flush=True)
        cells[fault][kind] = _cell(survival.whole for survival in survivals)
        print(f"{kind}, {fault}: {cells[fault][kind]}", flush=True)
    said = (
        f"{sums['survived']} of {sums['tried']} faults survived; rows lost {sums['lost']}, doubled {sums['doubled']}, "
        f"wrong {sums['wrong']}; reports wasted {sums['wasted']}."
    )
    rows = ([fault, *(cells[fault].get(kind, "") for kind in KINDS)] for fault in sorted(cells))
    return f"{said}\n\n{table(['fault', *KINDS], rows)}", sums["survived"] == sums["tried"]


def _cell(whole: Iterable[bool]) -> str:
    """Say for once, three times and for ever whether all rows were there."""
    return " ".join("yes" if each else "NO" for each in whole)


def _crashes(kills: int, seed: int) -> tuple[str, bool]:
    """Kill runs; return the figures, and whether all were survived."""
    from crashes import Crash, pipeline  # noqa: PLC0415

    found: list[Crash] = []
    with pipeline() as made:
        for number, after in enumerate(_moments(kills, seed, made.seconds)):
            found.append(made.crash(number, after))
            print(f"killed after {after:.1f} s: {found[-1]}", flush=True)
    survived = sum(crash.whole for crash in found)
    said = (
        f"{survived} of {kills} kills survived; rows lost {sum(each.lost for each in found)}, doubled "
        f"{sum(each.doubled for each in found)}, wrong {sum(each.wrong for each in found)}; reports asked for twice "
        f"{sum(each.twice for each in found)}. A run that nobody kills takes {made.seconds:.0f} s."
    )
    return said, survived == kills


def _moments(kills: int, seed: int, seconds: float) -> Iterator[float]:
    rng = random.Random(seed)
    return (rng.uniform(0.5, seconds) for _ in range(kills))


if __name__ == "__main__":
    sys.exit(main())
