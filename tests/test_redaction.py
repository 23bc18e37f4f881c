"""Secrets: they print as a mask, and no log record shows one."""

from __future__ import annotations

import base64
import html
import io
import json
import logging
import random
import string
import threading
import time
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from singer_sdk.logging import ConsoleFormatter, StructuredFormatter

from tap_amazon_vendor.config.redaction import MASK, Redactor, Secret, keep_out_of_logs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

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
        redactor = Redactor([Secret("secret"), Secret("secret-longer")])
        assert redactor.redact("secret-longer, secret") == f"{MASK}, {MASK}"

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
            "createRestrictedDataToken: InvalidInput: Application does not have access to one or more elements",
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


LETTERS = st.text(string.ascii_letters + string.digits + "-_.|/+=~", min_size=12, max_size=80)


def in_base64(text: str, before: str = "") -> str:
    return base64.b64encode(f"{before}{text}:tail".encode()).decode()


#: How a text may be written: each of these, one in the other.
WRITTEN: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "in a URL": lambda text: quote(text, safe=""),
    "in a form": quote_plus,
    "all in percent": lambda text: "".join(f"%{byte:02x}" for byte in text.encode()),
    "in JSON": lambda text: json.dumps(text)[1:-1],
    "all escaped": lambda text: "".join(f"\\u{ord(sign):04x}" for sign in text),
    "as a pattern": lambda text: "".join(f"\\{sign}" if sign in "|+." else sign for sign in text),
    "in HTML": html.escape,
    "in numbers": lambda text: "".join(f"&#{ord(sign)};" for sign in text),
    "in hexadecimal": lambda text: "".join(f"&#x{ord(sign):X};" for sign in text),
    "in two lines": lambda text: f"{text[:7]}\r\n    {text[7:]}",
    "with what nobody sees": "\u200b\u00ad".join,
    "as a mail": lambda text: "=\n".join(text[at : at + 5] for at in range(0, len(text), 5)),
}
#: What may be around it.
AROUND = ("{}", "Amazon says: {} was refused", '{{"x": "{}", "y": 1}}', "?a=1&b={}&c=2", "<a>{}</a>", "({})", "x: {};")


def readable(text: str) -> str:
    """A text without what only writes it differently."""
    return "".join(sign for sign in text.lower() if sign.isalnum())


class TestAnyWrapping:
    @example(secret="s3cret=t0ken", outer="with what nobody sees", inner="in two lines", around="{}", change=str)
    @given(
        # What a comparison ignores may be left at the ends.
        secret=LETTERS.filter(lambda text: len(readable(text)) > 8 and text[0].isalnum() and text[-1].isalnum()),
        outer=st.sampled_from([*WRITTEN]),
        inner=st.sampled_from([*WRITTEN]),
        around=st.sampled_from(AROUND),
        change=st.sampled_from([str, str.lower, str.upper]),
    )
    def test_no_known_secret_survives(
        self, secret: str, outer: str, inner: str, around: str, change: Callable[[str], str]
    ) -> None:
        assume(not outer == inner == "as a mail")
        written = WRITTEN[outer](WRITTEN[inner](change(secret)))
        shown = Redactor([Secret(secret)]).redact(around.format(written))
        assert shown in {around.format(MASK), around.replace("+", " ").format(MASK)}

    @given(secret=LETTERS, before=st.text(string.ascii_letters, max_size=5), width=st.sampled_from([20, 76, 999]))
    def test_nor_in_base64(self, secret: str, before: str, width: int) -> None:
        written = in_base64(secret, before)
        written = "\n".join(written[at : at + width] for at in range(0, len(written), width))
        shown = Redactor([Secret(secret)]).redact(f"Basic {written}")
        left = shown.replace(MASK, "").replace("\n", "")
        # What shares a character with the text around it stays.
        assert len(left) <= len("Basic ") + len(in_base64("", before)) + 4

    @given(
        name=st.sampled_from(
            [
                *("client_secret", "clientSecret", "refresh_token", "access_token", "restrictedDataToken"),
                *("X-Amz-Signature", "X-Amz-Security-Token", "X-Amz-Credential", "x-amz-access-token"),
                *("AWSAccessKeyId", "spapi_oauth_code", "Signature"),
            ]
        ),
        value=st.text(string.ascii_letters + string.digits, min_size=12, max_size=40),
        form=st.sampled_from(
            ["{}={}", "a {}={} b", "?x&{}={}&y", '{{"{}":"{}"}}', "{{'{}': ['{}']}}", "{}: {}", "{}:{}", "<{}>{}</x>"]
        ),
        written=st.sampled_from([name for name in WRITTEN if name not in {"in a form", "in two lines", "as a mail"}]),
    )
    def test_nor_the_value_of_a_secret_name(self, name: str, value: str, form: str, written: str) -> None:
        text = WRITTEN[written](form.format(name, value))
        shown = Redactor().redact(text)
        assert readable(WRITTEN[written](value)) not in readable(shown)
        assert MASK in shown

    @pytest.mark.parametrize(
        "text",
        [
            "x Signature=SECRET1 y",
            "<SignatureProvided>SECRET1==</SignatureProvided><AWSAccessKeyId>SECRET1</AWSAccessKeyId>",
            "AWS4-HMAC-SHA256 Credential=AKIASECRET1SECRET1/1/s3, SignedHeaders=host, Signature=SECRET1",
            "key AKIASECRET1SECRET1",
            "&amp;Signature=SECRET1&amp;x=1 %26Signature%3DSECRET1%26x %2526Signature%253DSECRET1",
            '{"Signature": "SECRET1", "client_secret":"ab\\"SECRET1"}',
            '{"Signature":SECRET1}',
            "X-Amz-Signature: SECRET1, x-amz-security-token: SECRET1",
            "client_secret: SECRET1 refresh_token: SECRET1 restrictedDataToken: SECRET1",
            "<refresh_token>SECRET1</refresh_token><n:client_secret x='1'><![CDATA[SECRET1]]></n:client_secret>",
            "Proxy-Authorization: Basic SECRET1== Authorization: Bearer SECRET1",
            '{"Authorization": "Token SECRET1"}',
            "Atza&#124;SECRET1 Atza&#x7C;SECRET1 Atza\\|SECRET1 Atzr\\x7cSECRET1 Atc|SECRET1",
            "Atza|SECRET\n1SECRET1",
            "At\r\n  za|SECRET1",
            "x\nSignature=ab\nSECRET1",
            "GET /?client_secret=a%26SECRET1&x=1 b'refresh_token': b'SECRET1' access_token => 'SECRET1'",
            "proxy http://user:SECRET1@proxy:3128/",
        ],
    )
    def test_each_that_was_tried(self, text: str) -> None:
        assert "SECRET" not in Redactor().redact(text)

    @pytest.mark.parametrize(
        "text",
        [
            "B07XJ8C8F5 ATVPDKIKX0DER A1PA6795UKMFR9 50039018756 amzn1.spdoc.1.4.na.4f6e2c1a-0c1d T3QZ1A4K.50%25",
            "amzn1.application-oa2-client.0a1b2c amzn1.vg.123 amzn1.sellerapps.app.1",
            "Vendor Group amzn1.vg.x is not authorized: check `region`, `api_url` & the roles; authorize again",
            "`refresh_token` is mistyped, was revoked. `client_id` or `client_secret`: not rotated in 180 days",
            "client_secret: must be a text. refresh_token: Missing. access_token: Expected `str`, got `null`",
            "2026-11-28T17:53:51Z https://sellingpartnerapi-na.amazon.com/reports/2021-06-30?a=1&b=2 50% \\n",
            "Asiapacificregion AKIA is no key; Signature confirmation; credentials; tokens: 15",
        ],
    )
    def test_ordinary_texts_and_ids_stay(self, text: str) -> None:
        known = Redactor([Secret("amzn1.oa2-cs.v1.0123456789abcdef"), Secret("Atzr|IwEBIJ0123456789")])
        assert known.redact(text) == text

    @given(st.text(string.ascii_uppercase + string.digits, min_size=10, max_size=20).filter(lambda t: "KIA" not in t))
    def test_whatever_an_id_is(self, identifier: str) -> None:
        if "ASIA" not in identifier:
            text = f'asin {identifier}, report {identifier}.1 and "{identifier}"'
            assert Redactor([Secret("Atzr|IwEBIJ0123456789")]).redact(text) == text

    @pytest.mark.parametrize(
        "part",
        [
            "Atza|",
            "\\",
            "%25",
            "://a:",
            "<client_secret ",
            "client_secret:    ",
            '"Signature":"" "',
            "\n ",
            "x",
            "&amp;",
        ],
    )
    def test_the_time_grows_with_the_length_only(self, part: str) -> None:
        rng = random.Random(1)
        redactor = Redactor(Secret(f"Atza|{rng.getrandbits(400):0100x}") for _ in range(500))
        text = part * (20_000 // len(part))
        began = time.thread_time()
        redactor.redact(text)
        assert time.thread_time() - began < 2

    def test_threads_may_add_secrets_while_others_redact(self) -> None:
        redactor = Redactor()
        names = [f"{number}-planted-{number}" for number in range(400)]

        def learn(some: list[str]) -> None:
            for name in some:
                redactor.learn([Secret(name)])
                assert redactor.redact(f"x {name}") == f"x {MASK}"

        threads = [threading.Thread(target=learn, args=(names[at::4],)) for at in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert redactor.redact(" ".join(names)) == " ".join([MASK] * 400)
