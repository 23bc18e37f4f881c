"""`amazon-vendor authorize` against the sandbox: the whole way from the consent page to a token that works."""

from __future__ import annotations

import io
import json
import os
import pty
import re
import socket
import subprocess
import sys
import time
import webbrowser
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urljoin, urlsplit

import browser
import pytest
import requests
from click.testing import CliRunner

from amazon_sandbox import (
    APPLICATION_ID,
    CLIENT_ID,
    CLIENT_SECRET,
    DRAFT_APPLICATION_ID,
    OTHER_CLIENT_ID,
    OTHER_CLIENT_SECRET,
)
from amazon_sandbox.ads_accounts import ADS_CLIENT_ID, ADS_CLIENT_SECRET
from amazon_sandbox.registrations import selling_partner_id
from tap_amazon_vendor.cli import config
from tap_amazon_vendor.cli.authorize import ADS_VARIABLE
from tap_amazon_vendor.cli.main import cli

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result
    from world import World

    Paste = Callable[..., io.BufferedReader]

ELSEWHERE = "https://example.com/callback"


@pytest.fixture
def local() -> str:
    """A redirect URI of this computer at which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"http://localhost:{listener.getsockname()[1]}/callback"


@pytest.fixture
def folder(tmp_path: Path, bare_settings: None) -> Path:  # noqa: ARG001
    """The current folder, which is empty."""
    return tmp_path


@pytest.fixture
def visits(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The pages that the browser was asked to open. There is no browser."""
    opened: list[str] = []

    def fail(url: str) -> bool:
        opened.append(url)
        return False

    monkeypatch.setattr(webbrowser, "open", fail)
    return opened


@pytest.fixture
def paste(monkeypatch: pytest.MonkeyPatch) -> Paste:
    """Make a standard input: a person decides, and pastes what they make of the address that the browser went to."""

    def paste(
        make: Callable[[str], str], *, decision: str = "confirm", browser_opens: bool = True
    ) -> io.BufferedReader:
        opened: list[str] = []

        def visit(url: str) -> bool:
            opened.append(url)
            return browser_opens

        class Person(io.RawIOBase):
            text: bytes | None = None

            def readable(self) -> bool:
                return True

            def readinto(self, buffer: Any) -> int:
                if self.text is None:
                    self.text = make(browser.decide(opened[0], decision).headers["Location"]).encode()
                part, self.text = self.text[: len(buffer)], self.text[len(buffer) :]
                buffer[: len(part)] = part
                return len(part)

        monkeypatch.setattr(webbrowser, "open", visit)
        return io.BufferedReader(Person())

    return paste


@pytest.fixture
def surf(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[requests.Response]]:
    """Let the browser be one that decides, and then goes where Amazon sends it."""

    def surf(decision: str = "confirm", account: str = "vendor-us") -> list[requests.Response]:
        pages: list[requests.Response] = []

        def visit(url: str) -> bool:
            answer = browser.decide(url, decision, account)
            pages.append(answer)
            if "Location" in answer.headers:
                pages.append(requests.get(answer.headers["Location"], timeout=10))
            return True

        monkeypatch.setattr(webbrowser, "open", visit)
        return pages

    return surf


@pytest.fixture
def authorize(world: World, folder: Path) -> Callable[..., Result]:
    """Run the command; no output of it may hold a secret, but for standard output where that is wanted."""

    def authorize(*arguments: str, stdin: Any = None, **changes: Any) -> Result:
        config: dict[str, Any] = {
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "application_id": APPLICATION_ID,
            "marketplaces": ["US"],
            "api_url": world.server.url,
            "auth_url": world.server.auth_url,
        }
        config = {name: value for name, value in (config | changes).items() if value is not None}
        (folder / "config.json").write_text(json.dumps(config))
        words = ["authorize", "--config", "config.json", "--wait-minutes", "0.5", *arguments]
        result = CliRunner().invoke(cli, words, input=stdin)
        assert isinstance(result.exception, (SystemExit, type(None))), result.exception
        assert CLIENT_SECRET not in result.output
        assert "Atzr|" not in result.stderr
        return result

    return authorize


def token_of(folder: Path, name: str = "TAP_AMAZON_VENDOR_REFRESH_TOKEN") -> str:
    """Return a variable of the .env file."""
    (line,) = [line for line in (folder / ".env").read_text().splitlines() if line.startswith(f"{name}=")]
    return line.partition("=")[2].strip("'")


def works(world: World, token: str) -> bool:
    """Ask Login with Amazon for an access token."""
    form = {"grant_type": "refresh_token", "refresh_token": token, "client_id": CLIENT_ID}
    return requests.post(world.server.auth_url, {**form, "client_secret": CLIENT_SECRET}, timeout=10).ok


class TestTheWholeWay:
    def test_a_browser_brings_the_answer(
        self, authorize: Callable[..., Result], surf: Callable[..., Any], world: World, local: str, folder: Path
    ) -> None:
        pages = surf()
        result = authorize("--store", "env", "--redirect-uri", local)
        assert result.exit_code == 0, result.output
        account = next(account for account in world.sandbox.accounts if account.label == "vendor-us")
        assert selling_partner_id(account) in result.stderr
        assert pages[-1].status_code == 200
        assert "Thank you" in pages[-1].text
        assert pages[-1].headers["Cache-Control"] == "no-store"
        assert works(world, token_of(folder))
        assert result.stdout == ""

    @pytest.mark.slow
    @pytest.mark.skipif(not (browser.CHROMIUM and browser.CHROMEDRIVER), reason="Chromium is not installed")
    @pytest.mark.parametrize(("button", "says", "code"), [("confirm", "Thank you", 0), ("refuse", "access_denied", 1)])
    def test_a_real_browser_brings_the_answer(
        self,
        button: str,
        says: str,
        code: int,
        authorize: Callable[..., Result],
        world: World,
        local: str,
        folder: Path,
        tmp_path_factory: pytest.TempPathFactory,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        with browser.chromium(tmp_path_factory.mktemp("profile")) as chromium:

            def visit(url: str) -> bool:
                chromium.open(url)
                chromium.click(f"#{button}")
                return True

            monkeypatch.setattr(webbrowser, "open", visit)
            result = authorize("--store", "env", "--redirect-uri", local)
            assert result.exit_code == code, result.output
            assert says in chromium.text
        assert (folder / ".env").exists() == (code == 0)
        if not code:
            assert works(world, token_of(folder))


class TestAdvertising:
    """The consent for Amazon Ads is another one, of another application, at another page."""

    def test_it_is_stored_beside_that_for_sales_and_opens_the_ads_api(
        self, authorize: Callable[..., Result], surf: Callable[..., Any], world: World, folder: Path, local: str
    ) -> None:
        surf(account="ads-vendor-us")
        ads = {"client_id": ADS_CLIENT_ID, "client_secret": ADS_CLIENT_SECRET, "api_url": f"{world.server.url}/ads"}
        result = authorize("--ads", "--store", "env", "--redirect-uri", local, ads=ads)
        assert result.exit_code == 0, result.output
        assert "advertiser has authorized account 'default' (US)" in result.stderr
        assert '"refresh_token": "env:TAP_AMAZON_VENDOR_ADS_REFRESH_TOKEN"' in result.stderr
        form = {**ads, "grant_type": "refresh_token", "refresh_token": token_of(folder, ADS_VARIABLE)}
        assert requests.post(world.server.auth_url, form, timeout=10).ok

    def test_without_an_application_for_it_says_so(self, authorize: Callable[..., Result]) -> None:
        result = authorize("--ads", "--store", "env")
        assert result.exit_code == 1
        assert "`ads` is missing" in result.stderr


class TestPasting:
    """Where no browser can come back to this computer, a person pastes the address that it went to."""

    @pytest.mark.parametrize("arguments", [["--redirect-uri", ELSEWHERE], []])
    def test_the_address_is_enough(
        self,
        arguments: list[str],
        authorize: Callable[..., Result],
        paste: Paste,
        world: World,
        folder: Path,
        local: str,
    ) -> None:
        """Whether the redirect goes elsewhere, or there is no browser here."""
        stdin = paste(lambda address: f"  {address}\n", browser_opens=bool(arguments))
        result = authorize("--store", "env", *(arguments or ["--redirect-uri", local]), stdin=stdin)
        assert result.exit_code == 0, result.output
        assert works(world, token_of(folder))
        assert ("No browser could be opened" in result.stderr) == (not arguments)

    def test_nothing_is_opened_and_nothing_listens_where_that_is_not_wanted(
        self, authorize: Callable[..., Result], visits: list[str], folder: Path
    ) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            uri = f"http://127.0.0.1:{taken.getsockname()[1]}/callback"
            authorize("--store", "env", "--no-browser", "--redirect-uri", uri)
            config = ["--config", str(folder / "config.json")]
            words = [sys.executable, "-c", "from tap_amazon_vendor.cli.main import cli; cli()", "authorize", *config]
            with subprocess.Popen(
                [*words, "--store", "stdout", "--no-browser", "--redirect-uri", uri],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            ) as process:
                assert process.stderr
                link = next(line.strip() for line in process.stderr if line.startswith("http"))
                stdout, stderr = process.communicate(browser.decide(link).headers["Location"], timeout=60)
        assert visits == []
        assert process.returncode == 0, stderr
        assert re.fullmatch(r"Atzr\|\S+\n", stdout)
        assert "Atzr|" not in stderr

    def test_on_a_terminal_it_is_not_shown(
        self, folder: Path, authorize: Callable[..., Result], visits: list[str]
    ) -> None:
        """The address holds a code."""
        authorize("--store", "env", "--no-browser")
        assert visits == []
        config = ["--config", str(folder / "config.json"), "--no-browser", "--store", "env"]
        words = [sys.executable, "-c", "from tap_amazon_vendor.cli.main import cli; cli()", "authorize", *config]
        ours, theirs = pty.openpty()
        with subprocess.Popen(words, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True) as process:
            os.close(theirs)
            screen = b""
            while b"not shown" not in screen:
                screen += os.read(ours, 1024)
            link = next(line for line in screen.decode().split() if line.startswith("http://127.0.0.1"))
            time.sleep(0.2)
            address = browser.decide(link).headers["Location"]
            os.write(ours, address.encode() + b"\n")
            with suppress(OSError):  # Linux's way to say that the other end is closed
                while more := os.read(ours, 1024):
                    screen += more
        assert process.wait() == 0, screen
        assert b"has authorized" in screen
        assert b"spapi_oauth_code" not in screen


class TestRefusals:
    """Each is one clear message and exit code 1, and nothing is stored."""

    @pytest.fixture
    def refused(self, authorize: Callable[..., Result], paste: Paste, folder: Path) -> Callable[..., str]:
        def refused(make: Callable[[str], str], decision: str = "confirm", **changes: Any) -> str:
            stdin = paste(make, decision=decision)
            result = authorize("--store", "env", "--redirect-uri", ELSEWHERE, stdin=stdin, **changes)
            assert result.exit_code == 1
            assert not (folder / ".env").exists()
            assert result.stdout == ""
            assert "Traceback" not in result.stderr
            last = result.stderr.splitlines()[-1]
            assert last.startswith("Error: ")
            assert "spapi_oauth_code=" not in last
            return last

        return refused

    @pytest.mark.parametrize("state", ["guessed", "", "%C3%A4"])
    def test_another_state(self, state: str, refused: Callable[..., str]) -> None:
        words = refused(lambda url: re.sub(r"(?<=state=)[^&]+", state, url))
        assert "has another `state` than the request" in words

    def test_a_code_that_is_late(self, refused: Callable[..., str], world: World) -> None:
        def late(url: str) -> str:
            world.clock.advance(301)
            return url

        words = refused(late)
        assert "the authorization code is not valid: it is older than 5 minutes" in words
        assert "invalid_grant" in words

    def test_a_code_that_was_used(self, refused: Callable[..., str], world: World) -> None:
        def used(url: str) -> str:
            (code,) = parse_qs(urlsplit(url).query)["spapi_oauth_code"]
            form = {"grant_type": "authorization_code", "code": code, "redirect_uri": ELSEWHERE, "client_id": CLIENT_ID}
            requests.post(
                world.server.auth_url, {**form, "client_secret": CLIENT_SECRET}, timeout=10
            ).raise_for_status()
            return url

        assert "was used before" in refused(used)

    def test_a_selling_partner_who_does_not_want(self, refused: Callable[..., str]) -> None:
        words = refused(lambda url: url, decision="refuse")
        assert "The selling partner did not consent. Amazon says: access_denied: The selling partner refused" in words

    @pytest.mark.parametrize("address", ["\n", "SPAPIcode", "https://[::1", "https://example.com?state=1"])
    def test_something_else_pasted(self, address: str, refused: Callable[..., str]) -> None:
        assert f"which begins with {ELSEWHERE}" in refused(lambda _: address)

    @pytest.mark.parametrize(
        ("old", "new"), [(".com", ".org"), ("https:", "http:"), ("/callback", "/"), ("com/", "com:1/")]
    )
    def test_another_address(self, old: str, new: str, refused: Callable[..., str]) -> None:
        assert f"which begins with {ELSEWHERE}" in refused(lambda url: url.replace(old, new))

    @pytest.mark.parametrize("name", ["spapi_oauth_code", "selling_partner_id"])
    def test_an_answer_without_what_it_is_for(self, name: str, refused: Callable[..., str]) -> None:
        assert f"Amazon's answer has no {name}" in refused(lambda url: re.sub(rf"{name}=[^&]+", "", url))

    def test_nothing_pasted(self, refused: Callable[..., str]) -> None:
        assert "No address was pasted" in refused(lambda _: "")

    @pytest.mark.parametrize("wrong", ["", "SPAPIcode", f"{ELSEWHERE}?state=other&spapi_oauth_code=planted"])
    def test_a_wrong_paste_can_be_mended(
        self, wrong: str, authorize: Callable[..., Result], paste: Paste, folder: Path
    ) -> None:
        stdin = paste(lambda address: f"{wrong}\n{address}\n")
        result = authorize("--store", "env", "--redirect-uri", ELSEWHERE, stdin=stdin)
        assert result.exit_code == 0, result.output
        assert (folder / ".env").exists()
        assert result.stderr.count("Try again (Ctrl-C stops).") == 1
        assert "planted" not in result.output
        assert "SPAPIcode" not in result.output

    def test_but_not_for_ever(self, refused: Callable[..., str]) -> None:
        assert "which begins with" in refused(lambda address: "wrong\n" * 5 + address)

    def test_a_refusal_is_an_answer(self, refused: Callable[..., str]) -> None:
        assert "did not consent" in refused(lambda address: f"{address}\nmore\n", decision="refuse")

    def test_an_application_of_another_client(self, refused: Callable[..., str]) -> None:
        other = {"client_id": OTHER_CLIENT_ID, "client_secret": OTHER_CLIENT_SECRET}
        assert "another application than that of `client_id`" in refused(lambda url: url, **other)

    def test_a_wrong_client_secret(self, refused: Callable[..., str]) -> None:
        words = refused(lambda url: url, client_secret="planted-secret")
        assert "the client is wrong" in words
        assert "planted-secret" not in words

    def test_a_redirect_uri_that_is_not_registered(
        self, authorize: Callable[..., Result], surf: Callable[..., Any], world: World, local: str
    ) -> None:
        """Amazon shows an error and sends nobody back."""
        world.sandbox.registrations[APPLICATION_ID].any_loopback = False
        pages = surf()
        result = authorize("--store", "env", "--redirect-uri", local, "--wait-minutes", "0.001")
        assert "MD5101" in pages[0].text
        assert result.exit_code == 1
        assert "MD5101 or MD9000 a redirect URI that is not registered" in result.stderr

    @pytest.mark.parametrize("decision", ["refuse", "state"])
    def test_the_browser_is_told_as_well(
        self, decision: str, authorize: Callable[..., Result], local: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        pages = []

        def visit(url: str) -> bool:
            address = browser.decide(url, "refuse").headers["Location"]
            address = re.sub("state=[^&]+", "state=1", address) if decision == "state" else address
            pages.append(requests.get(urljoin(address, "/favicon.ico"), timeout=10))
            pages.append(requests.get(address, timeout=10))
            return True

        monkeypatch.setattr(webbrowser, "open", visit)
        result = authorize("--store", "env", "--redirect-uri", local)
        assert result.exit_code == 1
        assert [page.status_code for page in pages] == [404, 400]
        words = {"refuse": "did not consent", "state": "has another `state`"}[decision]
        assert words in pages[1].text
        assert words in result.stderr


class TestTheLink:
    @pytest.mark.parametrize(
        ("changes", "host"),
        [
            ({"marketplaces": ["US"]}, "vendorcentral.amazon.com"),
            ({"marketplaces": ["DE"]}, "vendorcentral.amazon.de"),
            ({"marketplaces": ["GB"]}, "vendorcentral.amazon.co.uk"),
            ({"marketplaces": ["A1VC38T7YXB528"]}, "vendorcentral.amazon.co.jp"),
            ({"marketplaces": ["FR"], "account_type": "seller"}, "sellercentral-europe.amazon.com"),
            ({"marketplaces": ["AU"], "account_type": "seller"}, "sellercentral.amazon.com.au"),
        ],
    )
    def test_goes_to_the_central_of_the_marketplace(
        self, changes: dict[str, Any], host: str, authorize: Callable[..., Result], visits: list[str], local: str
    ) -> None:
        result = authorize("--store", "env", "--redirect-uri", local, api_url=None, **changes)
        assert result.exit_code == 1
        (link,) = visits
        place = urlsplit(link)
        assert (place.scheme, place.netloc, place.path) == ("https", host, "/apps/authorize/consent")
        query = {name: value for name, (value,) in parse_qs(place.query).items()}
        assert len(query.pop("state")) >= 32
        assert query == {"application_id": APPLICATION_ID, "redirect_uri": local}
        assert link in result.stderr

    def test_says_that_the_application_is_a_draft(
        self, authorize: Callable[..., Result], surf: Callable[..., Any], local: str
    ) -> None:
        application = {"client_id": OTHER_CLIENT_ID, "client_secret": OTHER_CLIENT_SECRET}
        words = ("--store", "env", "--redirect-uri", local, "--application-id", DRAFT_APPLICATION_ID)
        pages = surf()
        assert authorize(*words, "--draft", **application).exit_code == 0
        result = authorize(*words, "--wait-minutes", "0.001", **application)
        assert result.exit_code == 1
        assert "MD1000" in pages[-1].text
        assert "MD1000 is a draft application (use --draft)" in result.stderr

    def test_can_go_elsewhere(self, authorize: Callable[..., Result], visits: list[str], local: str) -> None:
        authorize("--store", "env", "--redirect-uri", local, "--central-url", "https://central.example/")
        assert visits[0].startswith("https://central.example/apps/authorize/consent?")


class TestStores:
    @pytest.fixture
    def done(self, authorize: Callable[..., Result], surf: Callable[..., Any], local: str) -> Callable[..., Result]:
        def done(*arguments: str, **changes: Any) -> Result:
            surf()
            result = authorize("--redirect-uri", local, *arguments, **changes)
            assert result.exit_code == 0, result.output
            return result

        return done

    def test_the_env_file_keeps_its_lines_and_becomes_private(self, done: Callable[..., Result], folder: Path) -> None:
        file = folder / ".env"
        before = "# mine\nexport A='b c'\nTAP_AMAZON_VENDOR_REFRESH_TOKEN=old\nNot a line\nLAST=1"
        file.write_text(before)
        file.chmod(0o644)
        done("--store", "env")
        lines = before.splitlines()
        lines[2] = f"TAP_AMAZON_VENDOR_REFRESH_TOKEN='{token_of(folder)}'"
        assert file.read_text().splitlines() == lines
        assert file.stat().st_mode & 0o777 == 0o600

    def test_a_new_env_file_is_private(self, done: Callable[..., Result], folder: Path) -> None:
        done("--store", "env", "--env-file", "other.env")
        assert (folder / "other.env").stat().st_mode & 0o777 == 0o600
        assert not (folder / ".env").exists()

    def test_a_link_stays_a_link(self, done: Callable[..., Result], folder: Path) -> None:
        (folder / "real").write_text("A=1\n")
        (folder / ".env").symlink_to("real")
        done("--store", "env")
        assert (folder / ".env").is_symlink()
        assert (folder / "real").read_text().startswith("A=1\nTAP_AMAZON_VENDOR_REFRESH_TOKEN='Atzr|")

    def test_the_tap_reads_the_env_file(self, done: Callable[..., Result], world: World) -> None:
        """As Meltano would hand it over."""
        done("--store", "env")
        settings, problems = config.read(("config.json", "ENV"))
        assert problems == []
        assert world.tap(settings).settings.accounts[0].refresh_token.reveal().startswith("Atzr|")

    def test_standard_output_gets_the_token_and_nothing_else(self, done: Callable[..., Result], world: World) -> None:
        result = done("--store", "stdout")
        assert works(world, result.stdout.removesuffix("\n"))

    def test_the_keyring_gets_it_and_the_setting_finds_it_there(
        self, done: Callable[..., Result], world: World, keyring: dict[tuple[str, str], str]
    ) -> None:
        result = done("--store", "keyring")
        assert works(world, keyring["tap-amazon-vendor", "default"])
        (reference,) = re.findall(r'"refresh_token": "(keyring:[^"]*)"', result.stderr)
        account = world.tap(world.config(refresh_token=reference)).settings.accounts[0]
        assert account.refresh_token.reveal() == keyring["tap-amazon-vendor", "default"]

    @pytest.mark.parametrize("store", ["env", "keyring"])
    def test_it_goes_where_the_setting_looks(
        self, store: str, done: Callable[..., Result], folder: Path, keyring: dict[tuple[str, str], str]
    ) -> None:
        reference = {"env": "env:MY_TOKEN", "keyring": "keyring:a/b/c"}[store]
        result = done("--store", store, refresh_token=reference)
        assert "where the setting `refresh_token` looks for it" in result.stderr
        assert (token_of(folder, "MY_TOKEN") if store == "env" else keyring["a/b", "c"]).startswith("Atzr|")

    def test_one_of_many_accounts(self, done: Callable[..., Result], folder: Path, world: World) -> None:
        accounts = [{"account": "us", "marketplaces": ["US"]}, {"account": "Japan 2", "marketplaces": ["JP"]}]
        result = done("--store", "env", "--account", "Japan 2", accounts=accounts, marketplaces=None)
        assert "account 'Japan 2' (JP)" in result.stderr
        assert '"refresh_token": "env:TAP_AMAZON_VENDOR_REFRESH_TOKEN_JAPAN_2"' in result.stderr
        assert works(world, token_of(folder, "TAP_AMAZON_VENDOR_REFRESH_TOKEN_JAPAN_2"))


class TestWrongUse:
    """It ends before anything is asked of anybody."""

    @pytest.mark.parametrize(
        ("arguments", "changes", "words"),
        [
            ([], {}, "Missing option '--store'"),
            (["--store", "env"], {"application_id": None}, "`application_id` is missing"),
            (["--store", "env"], {"client_secret": "env:NOWHERE"}, "the environment variable 'NOWHERE' is not set"),
            (["--store", "env"], {"marketplace": ["US"]}, "Unknown setting 'marketplace'"),
            (["--store", "env"], {"marketplaces": ["XX"]}, "'XX' is not a marketplace"),
            (["--store", "env", "--account", "x"], {}, "name one of the configured accounts: default"),
            (["--store", "env", "--env-file", "no/folder/.env"], {}, "no/folder/.env can't be written"),
            (
                ["--store", "env", "--redirect-uri", "http://example.com"],
                {},
                "--redirect-uri: must be a URL",
            ),
            (["--store", "env", "--config", "nowhere.json"], {}, "nowhere.json: No such file"),
        ],
    )
    def test_is_one_message(
        self,
        arguments: list[str],
        changes: dict[str, Any],
        words: str,
        authorize: Callable[..., Result],
        visits: list[str],
    ) -> None:
        result = authorize(*arguments, **changes)
        assert result.exit_code in {1, 2}
        assert words in result.stderr.replace("\n", " ")
        assert visits == []

    def test_of_many_accounts_one_must_be_named(self, authorize: Callable[..., Result], visits: list[str]) -> None:
        accounts: list[dict[str, Any]] = [{"account": "us"}, {"account": "us2"}]
        result = authorize("--store", "env", accounts=accounts, marketplaces=None)
        assert "`accounts[0].marketplaces` is missing" in result.stderr
        accounts = [{**account, "marketplaces": ["US"]} for account in accounts]
        result = authorize("--store", "env", accounts=accounts, marketplaces=None)
        assert result.exit_code == 2
        assert "name one of the configured accounts: us, us2" in result.stderr
        assert visits == []

    def test_a_computer_without_a_keyring(
        self, authorize: Callable[..., Result], visits: list[str], keyring: dict[tuple[str, str], str]
    ) -> None:
        from keyring import set_keyring  # noqa: PLC0415
        from keyring.backends.fail import Keyring  # noqa: PLC0415

        set_keyring(Keyring())  # type: ignore[no-untyped-call]
        result = authorize("--store", "keyring")
        assert "this computer has no keyring" in result.stderr
        assert (visits, keyring) == ([], {})

    def test_a_port_that_is_taken(self, authorize: Callable[..., Result], visits: list[str]) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            uri = f"http://localhost:{taken.getsockname()[1]}/callback"
            result = authorize("--store", "env", "--redirect-uri", uri)
        assert result.exit_code == 1
        assert f"Cannot listen at {uri}" in result.stderr
        assert visits == []
