"""Command two: every check that CI makes, in the clone's own environment.

Arguments are handed to pytest: `python3 scripts/check.py -k throttle`.
"""

from __future__ import annotations

import os
import subprocess
import sys

import bootstrap

CHECKS = (
    ("ruff", "check", "."),
    ("ruff", "format", "--check", "."),
    ("mypy",),
)

#: Two processes for each core, as tests wait for servers and programs for nearly half of their time. The tests of a
#: file share what they set up. `tests/conftest.py` says which files come first.
IN_PARALLEL = ("-n", str(2 * (os.cpu_count() or 1)), "--dist", "loadfile", "--no-loadscope-reorder")


def main() -> int:
    """Run the checks, and the tests beside them; return the exit code."""
    bootstrap.in_venv(__file__, checks=True)
    words = ["pytest", *IN_PARALLEL, "-m", "not exhaustive", f"--color={'yes' if sys.stdout.isatty() else 'no'}"]
    with subprocess.Popen(
        [sys.executable, "-m", *words, *sys.argv[1:]], cwd=bootstrap.ROOT, stdout=subprocess.PIPE
    ) as tests:
        failed = [check for check in CHECKS if run(check)]
        # Whatever these found, the tests have the last word: CI reads their closing line.
        print("\n$", *words, *sys.argv[1:], flush=True)
        while tests.stdout and (said := os.read(tests.stdout.fileno(), 65536)):
            sys.stdout.buffer.write(said)
            sys.stdout.buffer.flush()
    return int(bool(failed or tests.returncode))


def run(check: tuple[str, ...]) -> int:
    """Run one of the checks; return its exit code."""
    print("\n$", *check, flush=True)
    code = subprocess.call([sys.executable, "-m", *check], cwd=bootstrap.ROOT)
    if code:
        print("FAILED:", *check, flush=True)
    return code


if __name__ == "__main__":
    sys.exit(main())
