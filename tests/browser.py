"""Browsers for the consent page: one that is only HTTP, and a real one."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import time
from base64 import b64decode
from contextlib import contextmanager
from html import unescape
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

import requests

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
CHROMEDRIVER = shutil.which("chromedriver")

#: The key under which WebDriver hands out elements.
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"


def decide(url: str, decision: str = "confirm", account: str = "vendor-us") -> requests.Response:
    """Send the form of a consent page, and return where that leads, not followed."""
    page = requests.get(url, timeout=10)
    fields = {
        unescape(name): unescape(value)
        for name, value in re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', page.text)
    }
    (action,) = re.findall(r'<form method="post" action="([^"]*)">', page.text) or [""]
    if not action:
        return page
    form = {**fields, "account": account, "decision": decision}
    return requests.post(urljoin(url, action), data=form, allow_redirects=False, timeout=10)


class Chromium:
    """A headless Chromium, spoken to by the W3C's WebDriver protocol."""

    def __init__(self, driver: str, profile: Path) -> None:
        self._driver = driver
        arguments = (
            *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
            *("--disable-background-networking", "--disable-component-update", f"--user-data-dir={profile}"),
        )
        options = {"goog:chromeOptions": {"binary": CHROMIUM, "args": arguments}}
        self._session = f"/session/{self._post('/session', capabilities={'alwaysMatch': options})['sessionId']}"

    def _post(self, path: str, **body: Any) -> Any:
        response = requests.post(f"{self._driver}{path}", json=body, timeout=60)
        response.raise_for_status()
        return response.json()["value"]

    def open(self, url: str) -> None:
        self._post(f"{self._session}/url", url=url)

    def click(self, selector: str) -> None:
        element = self._post(f"{self._session}/element", using="css selector", value=selector)[ELEMENT]
        self._post(f"{self._session}/element/{element}/click")

    @property
    def text(self) -> str:
        """What the page says."""
        return str(self.run("return document.body.innerText"))

    def run(self, script: str) -> Any:
        """Run a script in the page and return what it returns."""
        return self._post(f"{self._session}/execute/sync", script=script, args=[])

    def screenshot(self) -> bytes:
        """Return a picture of the page, PNG."""
        response = requests.get(f"{self._driver}{self._session}/screenshot", timeout=60)
        response.raise_for_status()
        return b64decode(response.json()["value"])

    def close(self) -> None:
        requests.delete(f"{self._driver}{self._session}", timeout=60)


@contextmanager
def chromium(profile: Path) -> Iterator[Chromium]:
    """Start Chromium, and end it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert CHROMEDRIVER
    with subprocess.Popen([CHROMEDRIVER, f"--port={port}"], stdout=subprocess.DEVNULL) as process:
        driver = f"http://127.0.0.1:{port}"
        try:
            for _ in range(300):
                try:
                    requests.get(f"{driver}/status", timeout=5).raise_for_status()
                    break
                except requests.ConnectionError:
                    time.sleep(0.1)
            browser = Chromium(driver, profile)
            try:
                yield browser
            finally:
                browser.close()
        finally:
            process.terminate()
