"""Writes requirements.lock anew: first what the demo needs, then what the checks need beyond that.

And deploy/requirements.lock, what the container needs: tap and target, in the same versions; and dbt/requirements.lock,
what dbt needs, in an environment of its own: first for the demo, then for the tests of the package.

python3 scripts/lock.py             keeps the versions that still fit pyproject.toml
python3 scripts/lock.py --upgrade   takes the newest; arguments go to `uv pip compile`

The lock is good for every Python and platform that we support, and names no package index.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import bootstrap

if __name__ == "__main__":
    bootstrap.in_venv(__file__)

UV = bootstrap.BIN / "uv"
PROJECT = "pyproject.toml"
COMPILE = ("pip", "compile", "--quiet", "--no-header", "--no-emit-index-url")
# A source distribution would have to be built, with tools that no lock names.
FOR_ALL = ("--universal", "--python-version", "3.10", "--generate-hashes", "--only-binary", ":all:")
HEADER = """\
# Every package that scripts/demo.py and scripts/check.py install, with its hashes. Made by: python3 scripts/lock.py
# What the demo needs:
"""

CONTAINER_LOCK = bootstrap.ROOT / "deploy" / "requirements.lock"
CONTAINER_HEADER = (
    "# Every package that deploy/Dockerfile installs, with its hashes. Made by: python3 scripts/lock.py\n"
)

DBT_HEADER = """\
# Every package of the dbt that scripts/demo.py and the tests install, with its hashes. Made by: python3 scripts/lock.py
# What the demo needs:
"""


def compile_lock(output: Path, *arguments: str | Path) -> list[str]:
    """Resolve and return the entries; versions that the output file names already are kept."""
    words = [str(word) for word in (UV, *COMPILE, *FOR_ALL, *arguments, "--output-file", output)]
    subprocess.run(words, cwd=bootstrap.ROOT, check=True)
    return entries(output.read_text(encoding="utf-8"))


def entries(text: str) -> list[str]:
    """Split a lock into its packages, each with its version, hashes and the packages that require it."""
    # The file of constraints is a temporary one.
    text = re.sub(r"^    #   -c .*\n", "", text, flags=re.MULTILINE)
    return [f"{entry.rstrip()}\n" for entry in re.split(r"^(?=[a-z0-9])", text, flags=re.MULTILINE)[1:]]


def requirement(entry: str) -> str:
    """Return the package, version and marker of an entry."""
    return entry.partition(" \\\n")[0]


def in_two_parts(header: str, needed: list[str], everything: list[str]) -> str:
    """Return the text of a lock: what the demo needs, and what is there beyond that."""
    known = {requirement(entry) for entry in needed}
    rest = [entry for entry in everything if requirement(entry) not in known]
    return "".join([header, *needed, bootstrap.CHECKS_LINE, *rest])


def main() -> None:
    """Write the lock."""
    with tempfile.TemporaryDirectory() as folder:
        names = ("all", "demo", "container", "dbt", "dbt-demo")
        everything, demo, small, dbt, dbt_demo = (Path(folder) / f"{name}.txt" for name in names)
        shutil.copy(bootstrap.LOCK, everything)
        if bootstrap.DBT_LOCK.exists():
            shutil.copy(bootstrap.DBT_LOCK, dbt)
        checks = compile_lock(everything, PROJECT, "--all-extras", "--group", "dev", *sys.argv[1:])
        needed = compile_lock(demo, PROJECT, "--extra", "sandbox", "--group", "demo", "--constraint", everything)
        container = compile_lock(small, PROJECT, "--extra", "sandbox", "--group", "target", "--constraint", everything)
        dbt_checks = compile_lock(dbt, "--group", "dbt-checks", *sys.argv[1:])
        answers = compile_lock(dbt_demo, "--group", "dbt", "--constraint", dbt)
    bootstrap.LOCK.write_text(in_two_parts(HEADER, needed, checks), encoding="utf-8")
    CONTAINER_LOCK.write_text("".join([CONTAINER_HEADER, *container]), encoding="utf-8")
    bootstrap.DBT_LOCK.write_text(in_two_parts(DBT_HEADER, answers, dbt_checks), encoding="utf-8")


if __name__ == "__main__":
    main()
