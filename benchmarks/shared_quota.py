"""What it is worth that processes share their buckets: HTTP 429s and time of several processes of one account.

    python benchmarks/shared_quota.py [--processes 8] [--reports 6] [--speed 30] [--kill]

Each process asks for some reports of the same account, by the tap's own client, against the sandbox, on a clock that is
some times faster than the computer's. First without a store, then with one. With `--kill` one process is killed by
SIGKILL while it waits, and the others go on.
"""

from __future__ import annotations

import argparse
import json
import random
import signal
import subprocess
import sys
import tempfile
import time
from datetime import date, datetime, timedelta, timezone
from pathlib import Path

from amazon_sandbox import Sandbox, running
from tap_amazon_vendor.amazon.client import SellingPartnerApi
from tap_amazon_vendor.amazon.shared_quota import Quotas
from tap_amazon_vendor.amazon.transport import Transport
from tap_amazon_vendor.config.settings import read_settings
from tap_amazon_vendor.config.settings_schema import SCHEMA
from tap_amazon_vendor.errors import UnavailableError
from tap_amazon_vendor.reports.answers import CreatedReport
from tap_amazon_vendor.reports.api import CREATE_REPORT

NOON = datetime(2026, 11, 21, 12, tzinfo=timezone.utc)
SALES = "GET_VENDOR_TRAFFIC_REPORT"


class FastClock:
    """A clock that runs faster than the computer's, and shows all processes the same time."""

    def __init__(self, speed: float, begin: float) -> None:
        """Show noon at `begin`, in seconds of `time.time`."""
        self._speed, self._begin = speed, begin

    def __call__(self) -> datetime:
        """Return the time."""
        return NOON + timedelta(seconds=(time.time() - self._begin) * self._speed)

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds / self._speed)


def ask(config: dict[str, str | list[str]], clock: FastClock, first: int, reports: int, store: str) -> int:
    """Ask for some reports, one after the other; return how many Amazon has accepted."""
    defaults = {name: schema["default"] for name, schema in SCHEMA["properties"].items() if "default" in schema}
    (account,) = read_settings({**defaults, **config}, NOON.date()).accounts
    transport = Transport(clock=clock, sleep=clock.sleep, rng=random.Random(first))
    throttle = Quotas.at(store, clock).throttle(account.client_id, account.label)
    api = SellingPartnerApi.of(account, transport, clock, clock.sleep, throttle=throttle)
    accepted = 0
    for number in range(first, first + reports):
        day = (date(2026, 10, 31) - timedelta(days=number)).isoformat()
        body = {
            "reportType": SALES,
            "marketplaceIds": [account.marketplaces[0].marketplace_id],
            "reportOptions": {"reportPeriod": "DAY"},
            "dataStartTime": f"{day}T00:00:00Z",
            "dataEndTime": f"{day}T00:00:00Z",
        }
        try:
            # As the engine does, which waits until there is a token.
            while (delay := throttle.bucket(CREATE_REPORT).delay()) > 0:
                clock.sleep(delay)
            api.call(CREATE_REPORT, answer=CreatedReport, repeatable=False, body=body)
            accepted += 1
        except UnavailableError as error:
            print(error, file=sys.stderr)
    return accepted


def measure(processes: int, reports: int, speed: float, store: str, *, kill: bool) -> tuple[int, int, float]:
    """Return the reports accepted, the 429s and the minutes that all processes together take."""
    begin = time.time()
    clock = FastClock(speed, begin)
    sandbox = Sandbox(seed=1, clock=clock, asins=2)
    with running(sandbox) as server:
        account = sandbox.accounts[0]
        config = {
            "client_id": account.client_id,
            "client_secret": account.client_secret,
            "refresh_token": account.refresh_token,
            "marketplaces": [account.marketplaces[0]],
            "api_url": server.url,
            "auth_url": server.auth_url,
        }
        work = [json.dumps([config, speed, begin, number * reports, reports, store]) for number in range(processes)]
        started = [subprocess.Popen([sys.executable, __file__, "--work", each]) for each in work]
        if kill:
            while not any(call.operation == "createReport" for call in sandbox.calls):
                time.sleep(0.1)
            time.sleep(2)
            started[0].send_signal(signal.SIGKILL)
        for each in started:
            each.wait()
        asked = [call for call in sandbox.calls if call.operation == "createReport"]
        minutes = (max(call.at for call in asked) - min(call.at for call in asked)).total_seconds() / 60
        return sum(call.status == 202 for call in asked), sum(call.status == 429 for call in asked), minutes


def main() -> None:
    """Measure without and with a store."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--processes", type=int, default=8)
    parser.add_argument("--reports", type=int, default=6, help="of each process")
    parser.add_argument("--speed", type=float, default=30, help="how many times faster than this computer's clock")
    parser.add_argument("--kill", action="store_true", help="kill one of the processes")
    parser.add_argument("--work", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.work:
        config, speed, begin, first, reports, store = json.loads(arguments.work)
        ask(config, FastClock(speed, begin), first, reports, store)
        return
    print("| store | reports accepted | 429s | minutes |\n| --- | ---: | ---: | ---: |")
    with tempfile.TemporaryDirectory() as folder:
        for name, store in (("none", ""), ("SQLite", str(Path(folder) / "quota.db"))):
            accepted, refused, minutes = measure(
                arguments.processes, arguments.reports, arguments.speed, store, kill=arguments.kill
            )
            print(f"| {name} | {accepted} | {refused} | {minutes:.1f} |", flush=True)


if __name__ == "__main__":
    main()
