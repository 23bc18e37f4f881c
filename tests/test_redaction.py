"""Secrets: they print as a mask, and no log record shows one."""

from __future__ import annotations

import html
import io
import json
import logging
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st
from singer_sdk.logging import ConsoleFormatter, StructuredFormatter

from tap_amazon_vendor.config.redaction import MASK, Redactor, Secret, keep_out_of_logs

if TYPE_CHECKING:
    from collections.abc import Iterator

AMAZONS = [
    "Atza|IQEBLjAsAhRmHjNgHpi0U-Dme37rR6CuUpSR",
    "Atzr|IQEBLzAtAhRPpMJxdwVz2Nn6f2y-tpJX2DeX",
    "Atz.sprdt|IQEBLjAsAhQ+abc/def==",
    "Atzr%7CIQEBLzAtAhRPpMJx",
    "amzn1.oa2-cs.v1.4d5e6f7a8b9c",
]


@pytest.fixture
def log() -> Iterator[tuple[logging.Logger, io.StringIO]]:
    """A logger whose parent has the handler, and what that has written."""
    parent = logging.getLogger("test-secrets")
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(ConsoleFormatter())
    parent.addHandler(handler)
    parent.propagate = False
    parent.setLevel(logging.DEBUG)
    yield parent.getChild("child"), stream
    parent.removeHandler(handler)


class TestSecret:
    def test_prints_as_a_mask_whatever_prints_it(self) -> None:
        secret = Secret("planted")
        shown = f"{secret} {secret!r} {secret!s} {[secret]} %s" % secret
        assert "planted" not in shown
        assert MASK in shown

    def test_is_shown_to_whom_asks_for_it(self) -> None:
        assert Secret("planted").reveal() == "planted"

    def test_compares_and_counts_as_its_text(self) -> None:
        assert Secret("a") == Secret("a") != Secret("b")
        assert len({Secret("a"), Secret("a")}) == 1
        assert Secret("a")
        assert not Secret("")

    def test_does_not_become_json(self) -> None:
        with pytest.raises(TypeError):
            json.dumps({"refresh_token": Secret("planted")})


class TestRedaction:
    @pytest.mark.parametrize("secret", AMAZONS)
    @pytest.mark.parametrize("around", ["{}", "token={}&next=1", '{{"token": "{}"}}', "({}) was refused", "'{}', x"])
    def test_what_looks_like_amazons_secrets_needs_no_telling(self, secret: str, around: str) -> None:
        assert Redactor().redact(around.format(secret)) == around.format(MASK)

    def test_a_presigned_url_keeps_its_place_only(self) -> None:
        query = "X-Amz-Date=20260101&X-Amz-Credential=AKIA%2F1&X-Amz-Signature=0a1b&X-Amz-Security-Token=t%3D"
        shown = Redactor().redact(f"https://bucket.s3.amazonaws.com/key?{query}")
        assert shown.startswith("https://bucket.s3.amazonaws.com/key?X-Amz-Date=20260101&")
        assert not any(part in shown for part in ("AKIA", "0a1b", "t%3D"))

    def test_the_code_of_a_consent(self) -> None:
        shown = Redactor().redact("http://localhost/callback?spapi_oauth_code=ANabc&state=1")
        assert shown == f"http://localhost/callback?spapi_oauth_code={MASK}&state=1"

    def test_the_description_of_a_setting_stays(self) -> None:
        text = "The account's authorization (`Atzr|…`), `amzn1.application-oa2-client.1`"
        assert Redactor().redact(text) == text

    def test_a_known_secret_is_found_as_a_url_writes_it(self) -> None:
        redactor = Redactor([Secret("pl nted/1|2")])
        assert redactor.redact("a=pl+nted%2F1%7C2&b=pl%20nted%2F1%7C2 pl nted/1|2") == f"a={MASK}&b={MASK} {MASK}"

    def test_one_secret_may_begin_another(self) -> None:
        assert Redactor([Secret("secret"), Secret("secret-longer")]).redact("secret-longer") == MASK

    def test_an_empty_secret_spoils_nothing(self) -> None:
        assert Redactor([Secret(""), Secret("a")]).redact("a banana") == "a banana"

    @given(secret=st.text(st.characters(exclude_characters=MASK), min_size=4), before=st.text(), after=st.text())
    def test_no_known_secret_is_left(self, secret: str, before: str, after: str) -> None:
        assert secret not in Redactor([Secret(secret)]).redact(f"{before}{secret}{after}")


class TestLogs:
    def test_no_level_no_logger_and_no_way_of_writing_shows_one(self, log: tuple[logging.Logger, io.StringIO]) -> None:
        logger, stream = log
        keep_out_of_logs([Secret("planted")])
        for level in (logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR, logging.CRITICAL):
            logger.log(level, "told planted")
            logger.log(level, "args %s and %r", "planted", {"token": "planted"})
            logger.getChild("deeper").log(level, "Atzr|unknown to us %(a)s", {"a": "planted"})
        assert stream.getvalue().count(MASK) == 5 * 5
        assert "planted" not in stream.getvalue()
        assert "Atzr|u" not in stream.getvalue()

    @pytest.mark.parametrize("formatter", [ConsoleFormatter(), StructuredFormatter()])
    def test_a_traceback_shows_none(
        self, formatter: logging.Formatter, log: tuple[logging.Logger, io.StringIO]
    ) -> None:
        logger, stream = log
        assert logger.parent
        logger.parent.handlers[0].setFormatter(formatter)
        keep_out_of_logs([Secret("planted")])
        try:
            try:
                raise KeyError("planted")  # noqa: EM101, TRY301
            except KeyError as error:
                msg = "inner planted"
                raise ValueError(msg) from error
        except ValueError:
            logger.exception("what %s", "happened")
        assert "planted" not in stream.getvalue()
        assert "what happened" in stream.getvalue()
        assert "ValueError" in stream.getvalue()

    def test_a_harmless_record_stays_as_it_is(self) -> None:
        """The SDK knows its metrics by their message and argument."""
        point = object()
        record = logging.LogRecord("x", logging.INFO, "x.py", 1, "METRIC: %s", (point,), None)
        assert Redactor([Secret("planted")]).filter(record)
        assert (record.msg, record.args) == ("METRIC: %s", (point,))

    def test_what_comes_along_with_a_record_shows_none(self) -> None:
        record = logging.LogRecord("x", logging.INFO, "x.py", 1, "m", (), None)
        vars(record)["url"] = "planted"
        assert Redactor([Secret("planted")]).filter(record)
        assert vars(record)["url"] == MASK

    def test_a_wrong_call_is_left_to_the_handler(self) -> None:
        record = logging.LogRecord("x", logging.INFO, "x.py", 1, "%d", ("planted",), None)
        assert Redactor([Secret("planted")]).filter(record)

    def test_a_percent_sign_beside_a_secret_does_no_harm(self, log: tuple[logging.Logger, io.StringIO]) -> None:
        logger, stream = log
        keep_out_of_logs([Secret("planted")])
        logger.info("100 %% of %s", "planted")
        assert "100 % of ***" in stream.getvalue()

    def test_telling_more_secrets_adds_no_more_filters(self, log: tuple[logging.Logger, io.StringIO]) -> None:
        logger, stream = log
        for name in ("planted-1", "planted-2"):
            keep_out_of_logs([Secret(name)])
        logger.info("planted-1 planted-2")
        assert f"{MASK} {MASK}" in stream.getvalue()
        assert logger.parent
        assert len(logger.parent.handlers[0].filters) == 1


class TestQuotedSecrets:
    """What Amazon, its login or a proxy may quote back (docs/amazon/login.md#token-endpoint)."""

    @pytest.mark.parametrize(
        ("text", "shown"),
        [
            (
                "grant&refresh_token=Atzr%7CREFRESH-1&client_secret=abc-1&x=1",
                "grant&refresh_token=***&client_secret=***&x=1",
            ),
            ('{"access_token": "x y", "expires_in": 3600}', '{"access_token": "***", "expires_in": 3600}'),
            (r"{\"clientSecret\":\"abc\"}", r"{\"clientSecret\":\"***\"}"),
            ("&quot;refresh_token&quot;:&quot;abc&quot;", "&quot;refresh_token&quot;:&quot;***&quot;"),
            ("client_secret%3Dabc%26next%3D1", "client_secret%3D***%26next%3D1"),
            ("%22client_secret%22%3A%22abc%22%2C", "%22client_secret%22%3A%22***%22%2C"),
            ("Atzr%257Cabc and Atzr\\u007cabc and Atza|abc.", "*** and *** and ***"),
            ("X-Amz-Signature%3Dabc%26y=1", "X-Amz-Signature%3D***%26y=1"),
            ("k?AWSAccessKeyId=AKIA1&Signature=abc%3D&Expires=1", "k?AWSAccessKeyId=***&Signature=***&Expires=1"),
            ("x-amz-access-token: abc", "x-amz-access-token: ***"),
            ("proxy http://user:pass@proxy:3128/", "proxy http://***@proxy:3128/"),
        ],
    )
    def test_is_masked_in_every_form(self, text: str, shown: str) -> None:
        assert Redactor().redact(text) == shown

    @pytest.mark.parametrize(
        "text",
        [
            "The request has an invalid grant parameter : refresh_token. User may have revoked",
            "the client is wrong: `client_id` or `client_secret` is mistyped, or the secret was not",
            "grant_type=refresh_token: unsupported",
            "refresh_token: Missing",
            'Desk lamp, 1/2" thread; see https://example.com:8080/a@b',
            "Unauthorized: Access to requested resource is denied.",
            "Signature=required on delivery",
        ],
    )
    def test_ordinary_words_stay(self, text: str) -> None:
        assert Redactor().redact(text) == text

    @pytest.mark.parametrize("secret", ["pl nted/1|2", 'a"b\\c/d', "ümläut&<1>", "s%41cret+1"])
    def test_a_known_one_is_found_however_it_is_written(self, secret: str) -> None:
        redactor = Redactor([Secret(secret)])
        for written in (
            secret,
            quote(secret),
            quote(secret, safe=""),
            quote_plus(secret),
            quote(secret, safe="").lower() if secret.islower() else secret,
            quote(quote(secret, safe="")),
            json.dumps(secret)[1:-1],
            json.dumps(secret, ensure_ascii=False)[1:-1],
            json.dumps(secret)[1:-1].replace("/", "\\/"),
            html.escape(secret),
        ):
            assert redactor.redact(f"x {written} y") == f"x {MASK} y"

    def test_a_row_is_masked_however_deep_a_secret_lies_in_it(self) -> None:
        row = {"reason": "Atzr|abc", "rows": 1, "nested": {"list": ["client_secret=abc", None]}}
        assert Redactor().redact_row(row) == {
            "reason": MASK,
            "rows": 1,
            "nested": {"list": [f"client_secret={MASK}", None]},
        }
