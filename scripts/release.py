"""Checks that a tag releases what the repository says: `python scripts/release.py v1.2.3`."""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def problems(tag: str, project: str, changelog: str) -> list[str]:
    """Return what keeps a tag from being released.

    Args:
        tag: The tag's name.
        project: The text of pyproject.toml, where the version stands, and nowhere else.
        changelog: The text of CHANGELOG.md.
    """
    (version,) = re.findall(r'^version = "(.+)"$', project, re.MULTILINE)
    found = [] if tag == f"v{version}" else [f"the tag is {tag}, and pyproject.toml says {version}"]
    entry = re.search(rf"^## \[{re.escape(version)}\] - (.+)$", changelog, re.MULTILINE)
    if entry is None:
        found.append(f"CHANGELOG.md has no entry for {version}")
    elif not re.fullmatch(r"\d{4}-\d\d-\d\d", entry[1]):
        found.append(f"CHANGELOG.md does not say on which day {version} is released, but {entry[1]!r}")
    return found


def main() -> int:
    """Print the problems; return the exit code."""
    texts = (ROOT.joinpath(name).read_text(encoding="utf-8") for name in ("pyproject.toml", "CHANGELOG.md"))
    found = problems(sys.argv[1], *texts)
    print(*found, sep="\n")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
