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


def main() -> int:
    """Run the checks, and the tests last; return the exit code."""
    bootstrap.in_venv(__file__)
    failed = []
    # The tests come last, and are run whatever the others say: their closing line is what CI reads.
    for module, *arguments in (*CHECKS, ("pytest", *sys.argv[1:])):
        print("\n$", module, *arguments, flush=True)
        command = [sys.executable, "-m", module, *arguments]
        if subprocess.call(command, cwd=bootstrap.ROOT):
            failed.append(" ".join([module, *arguments]))
    if failed:
        print("Failed:", "; ".join(failed), file=sys.stderr, flush=True)
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
