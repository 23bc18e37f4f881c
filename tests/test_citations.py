"""What code cites is in the repository: facts about Amazon in `docs/amazon/`, and no paper that readers lack."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FACTS = ROOT / "docs" / "amazon"

#: Endings of files that can cite.
ENDINGS = {".py", ".md", ".toml", ".json", ".yml"}

#: A citation, whole or without a section.
CITATION = re.compile(r"docs/amazon/([\w-]+\.md)(?:#([\w-]+))?")

#: A link inside the facts.
LINK = re.compile(r"\]\((?!https?:)([\w-]+\.md)?(?:#([\w-]+))?\)")

#: A heading, and the label of a public source.
HEADING = re.compile(r"^(#{1,3}) (.+)$", re.MULTILINE)
LABEL = re.compile(r"\[([^\]\[]+)\](?!\()")

#: Papers of the project that a reader of the repository does not have, and issues without an address.
UNKNOWN = re.compile(
    r"\b(?:REPORTS|API|ERRORS|ADS|PEERS|DESIGN|HOUSE|STYLE)\.md\b"
    r"|\b(?:DESIGN|PEERS)\b"
    r"|\b(?:docs|models|saleweaver|python-amazon-sp-api|amazon-sp-api) (?:#|issue )\d+"
    r"|[(\s]sections? \d"
)

#: A report type in code, by Amazon's name.
REPORT_TYPE = re.compile(r'"(GET_[A-Z0-9_]*[A-Z0-9])"')


def texts() -> dict[Path, str]:
    """Return what the repository's own files say, without this one and what is hidden, such as `.venv`."""
    rooms = [path for path in ROOT.iterdir() if not path.name.startswith(".")]
    paths = {path for room in rooms for path in (room.rglob("*") if room.is_dir() else [room])}
    return {
        path: path.read_text(encoding="utf-8")
        for path in sorted(paths - {Path(__file__)})
        if path.is_file() and path.suffix in ENDINGS
    }


def anchors(text: str) -> list[str]:
    """Return the anchors of a document's headings, as GitHub makes them."""
    return [re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for _, title in HEADING.findall(text)]


def leads_nowhere(name: str, anchor: str) -> bool:
    """Say whether a file of facts is missing, or has no such heading."""
    path = FACTS / name
    return not path.is_file() or bool(anchor and anchor not in anchors(path.read_text(encoding="utf-8")))


def facts() -> dict[str, str]:
    return {path.name: path.read_text(encoding="utf-8") for path in sorted(FACTS.glob("*.md"))}


def test_every_citation_leads_to_a_heading() -> None:
    lost = [
        f"{path.relative_to(ROOT)}: {citation[0]}"
        for path, text in texts().items()
        for citation in CITATION.finditer(text)
        if leads_nowhere(citation[1], citation[2] or "")
    ]
    assert not lost


def test_nothing_cites_a_paper_that_is_not_here() -> None:
    lost = [
        f"{path.relative_to(ROOT)}: {citation[0].strip()}"
        for path, text in texts().items()
        if FACTS not in path.parents
        for citation in UNKNOWN.finditer(text)
    ]
    assert not lost


@pytest.mark.parametrize(("name", "text"), facts().items(), ids=facts())
class TestFacts:
    def test_headings_are_told_apart(self, name: str, text: str) -> None:
        found = anchors(text)
        assert len(found) == len(set(found)), name

    def test_links_lead_to_headings(self, name: str, text: str) -> None:
        lost = [link[0] for link in LINK.finditer(text) if leads_nowhere(link[1] or name, link[2] or "")]
        assert not lost

    def test_each_label_has_a_public_address(self, name: str, text: str) -> None:
        body, _, addresses = text.partition("\n\n[")
        defined = dict(re.findall(r"^\[?([^\]\n]+)\]: (https://\S+)$", addresses, re.MULTILINE))
        used = set(LABEL.findall(re.sub(r"`[^`]*`|\[start, end\]", "", body).replace("\n", " ")))
        assert used == set(defined), name

    def test_each_section_names_its_source(self, name: str, text: str) -> None:
        body = text.partition("\n\n[")[0]
        sections = re.split(r"^## ", body, flags=re.MULTILINE)[1:]
        assert not [section.splitlines()[0] for section in sections if "[" not in section], name


def test_the_index_names_every_file() -> None:
    assert {name for name, _ in LINK.findall(facts()["README.md"])} == set(facts()) - {"README.md"}


def test_every_report_type_that_the_tap_reads_is_described() -> None:
    told = set(re.findall(r"\w+", "\n".join(facts().values())))
    read = {
        name
        for path, text in texts().items()
        if path.suffix == ".py" and ROOT / "tap_amazon_vendor" in path.parents
        for name in REPORT_TYPE.findall(text)
    }
    assert read
    assert not read - told
