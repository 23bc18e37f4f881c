"""Command two: every check that CI makes, in the clone's own environment.

Arguments are handed to pytest: `python3 scripts/check.py -k throttle`.
"""

from __future__ import annotations

import subprocess
import sys

import bootstrap

CHECKS = (
    ("ruff", "check", "."),
    ("ruff", "format", "--check", "."),
    ("mypy",),
)

#: A process for each core; the tests of a file share what they set up.
IN_PARALLEL = ("-n", "auto", "--dist", "loadfile")


def main() -> int:
    """Run the checks, and the tests last; return the exit code."""
    bootstrap.in_venv(__file__, checks=True)
    failed = False
    # The tests come last, and run whatever the other checks found: CI reads their closing line.
    for words in (*CHECKS, ("pytest", *IN_PARALLEL, "-m", "not exhaustive", *sys.argv[1:])):
        print("\n$", *words, flush=True)
        if subprocess.call([sys.executable, "-m", *words], cwd=bootstrap.ROOT):
            failed = True
            if words[0] != "pytest":
                print("FAILED:", *words, flush=True)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
