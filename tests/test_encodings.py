"""Charsets: the bytes have the last word, and a character that is lost is said."""

from __future__ import annotations

import gzip
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_amazon_vendor.documents.encodings import UTF_8, find_charset, head_text, is_utf_8, texts
from tap_amazon_vendor.documents.files import open_flat_file
from tap_amazon_vendor.errors import DocumentError

if t.TYPE_CHECKING:
    from pathlib import Path

GERMAN = "Größe für Mädchen, 12\u201d \u2013 95 €\n"
JAPANESE = "コーヒーメーカー \uff5e ブラック①\n"
#: Longer than what is read at once.
ASCII = "amazon-order-id\tsku\n" * 60_000


class Case(t.NamedTuple):
    text: str
    written: str
    declared: str | None
    country: str | None


@pytest.mark.parametrize(
    "case",
    [
        Case(GERMAN, "utf-8", None, None),
        Case(GERMAN, "utf-8-sig", None, None),
        Case(GERMAN, "utf-16", None, None),
        Case(GERMAN, "utf-16-le", "UTF-16LE", None),
        Case(GERMAN, "utf-32", None, None),
        Case(GERMAN, "cp1252", "Cp1252", "DE"),
        Case(GERMAN, "cp1252", "ISO-8859-1", "DE"),
        Case(GERMAN, "cp1252", None, "DE"),
        Case(GERMAN, "cp1252", None, None),
        Case(GERMAN, "iso8859-15", "ISO-8859-15", "DE"),
        Case(JAPANESE, "cp932", "Shift_JIS", "JP"),
        Case(JAPANESE, "cp932", "Windows-31J", "JP"),
        Case(JAPANESE, "cp932", None, "JP"),
        Case(JAPANESE, "cp932", None, "US"),
        Case("コーヒー\n", "iso2022_jp", "ISO-2022-JP", "JP"),
        Case("コーヒー メーカー\n" * 40, "euc_jp", "EUC-JP", "JP"),
        # The label is wrong (docs/amazon/documents.md#charsets).
        Case(GERMAN, "utf-8", "ISO-8859-1", "DE"),
        Case(JAPANESE, "utf-8", "Cp1252", "JP"),
        Case(GERMAN, "cp1252", "UTF-8", "DE"),
        Case(JAPANESE, "cp932", "utf8", "JP"),
        # The label is no charset.
        Case(GERMAN, "cp1252", "no-such-charset", "DE"),
        Case(GERMAN, "utf-8", "rot13", "DE"),
    ],
    ids=lambda case: f"{case.written}-{case.declared}-{case.country}",
)
@pytest.mark.parametrize("place", ["first", "last"])
@pytest.mark.parametrize("packed", [False, True])
def test_is_found_wherever_the_letters_are(tmp_path: Path, case: Case, place: str, *, packed: bool) -> None:
    if case.written == "euc_jp" and case.declared is None:
        pytest.skip("nobody can know")
    text = case.text + ASCII if place == "first" else ASCII + case.text
    text = text.replace("€", "E").replace("\u2013", "-").replace("\u201d", '"') if "15" in case.written else text
    path = write(tmp_path, text.encode(case.written), packed=packed)
    warnings: list[str] = []
    charset = find_charset(path, "report 7", warnings.append, declared=case.declared, country=case.country)
    assert "".join(texts(path, charset, "report 7")) == text
    assert not warnings


def test_broken_letters_in_utf_8_are_replaced_loudly(tmp_path: Path) -> None:
    path = write(tmp_path, ASCII.encode() + GERMAN.encode() * 3 + "Größ".encode()[:-1] + b"\tx\n")
    warnings: list[str] = []
    charset = find_charset(path, "report 7", warnings.append, declared="Cp1252", country="DE")
    assert "".join(texts(path, charset, "report 7")).endswith("Grö\ufffd\tx\n")
    assert warnings == [
        "report 7: 1 characters cannot be read (charset utf-8-sig) and became '\\ufffd', the first in line 60004"
    ]


def test_replacement_characters_of_amazon_are_said_too(tmp_path: Path) -> None:
    path = write(tmp_path, "a\nGr\ufffd\ufffde\n".encode())
    warnings: list[str] = []
    find_charset(path, "report 7", warnings.append)
    assert len(warnings) == 1
    assert "2 characters" in warnings[0]
    assert "line 2" in warnings[0]


def test_what_fits_nothing_is_replaced_loudly(tmp_path: Path) -> None:
    path = write(tmp_path, b"caf\xe9 \x81 \xff\xfd\n")
    warnings: list[str] = []
    charset = find_charset(path, "report 7", warnings.append, country="DE")
    "".join(texts(path, charset, "report 7"))
    assert charset.errors == "strict" or warnings


@pytest.mark.parametrize("packed", [False, True])
def test_head_is_read_alone(tmp_path: Path, *, packed: bool) -> None:
    path = write(tmp_path, ("注文番号\tSKU\n" + ASCII).encode("cp932"), packed=packed)
    assert head_text(path, "report 7").startswith("注文番号\tSKU\n")


@pytest.mark.parametrize("kept", [100, -4])
def test_truncated_gzip_is_one_error(tmp_path: Path, kept: int) -> None:
    path = tmp_path / "report"
    path.write_bytes(gzip.compress(ASCII.encode())[:kept])
    with pytest.raises(DocumentError, match=r"^report 7: the document is truncated or damaged"):
        find_charset(path, "report 7", pytest.fail)


def write(folder: Path, data: bytes, *, packed: bool = False) -> Path:
    path = folder / "report"
    path.write_bytes(gzip.compress(data, 1) if packed else data)
    return path


@given(st.text(max_size=40), st.integers(1, 5), st.sampled_from(["utf-8", "cp932", "latin-1"]))
def test_what_is_utf_8_beyond_doubt_shows_however_it_is_cut(text: str, size: int, codec: str) -> None:
    data = text.encode(codec, "replace")
    blocks = [data[start : start + size] for start in range(0, len(data), size)]
    try:
        sure = "\ufffd" not in data.decode()
    except UnicodeDecodeError:
        sure = False
    assert is_utf_8(blocks, None) == is_utf_8(blocks, "Cp1252") == sure


@pytest.mark.parametrize("label", ["utf-16", "iso-2022-jp"])
def test_text_that_is_declared_to_only_look_like_ascii_is_doubted(label: str) -> None:
    assert not is_utf_8([b"abc"], label)


def test_all_blocks_are_gone_through_also_after_a_doubt() -> None:
    blocks = iter([b"\xff", b"a", b"b"])
    assert not is_utf_8(blocks, None)
    assert list(blocks) == []


def test_a_document_that_opens_as_utf_8_is_not_read_for_its_charset_again(tmp_path: Path) -> None:
    path = tmp_path / "report"
    path.write_bytes("sku\tname\nA\tGröße\n".encode())
    assert open_flat_file(path, "Cp1252").charset == UTF_8
    path.write_bytes("sku\tname\nA\tGröße\n".encode("cp1252"))
    assert open_flat_file(path, "Cp1252").charset == "Cp1252"
