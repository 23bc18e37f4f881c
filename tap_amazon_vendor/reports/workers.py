"""Threads that make the calls of report jobs, while the caller writes rows."""

from __future__ import annotations

import threading
import typing as t

from tap_amazon_vendor.reports.api import OWN_QUOTAS

if t.TYPE_CHECKING:
    from collections.abc import Callable

    from tap_amazon_vendor.reports.jobs import ReportJobs, Task

#: Most threads. Each makes one call at a time, and an account has three kinds of calls to make: those that ask for a
#: report type with a quota of its own are another kind each, because Amazon may let one wait for minutes.
MOST, KINDS = 32, 3 + len(OWN_QUOTAS)


class Workers:
    """Makes the calls of report jobs in the background; a context manager.

    The threads touch nothing but the jobs. They are daemons: a process that is told to end does
    not wait for Amazon, and what it asked for is written down already.
    """

    def __init__(self, jobs: ReportJobs, accounts: int, wait: Callable[[threading.Condition, float], None]) -> None:
        """Start nothing yet.

        Args:
            jobs: What to work on.
            accounts: How many accounts there are.
            wait: Waits for a condition, at most the given seconds.
        """
        self._jobs = jobs
        self._wait = wait
        self._stopped = False
        self._turn = threading.Lock()
        self._threads = [
            threading.Thread(target=self._work, name=f"reports-{number}", daemon=True)
            for number in range(min(MOST, KINDS * accounts))
        ]

    def __enter__(self) -> None:
        """Start."""
        self._jobs.attend(helped=True)
        for thread in self._threads:
            thread.start()

    def __exit__(self, *_: object) -> None:
        """Take no more calls; those on their way are left alone."""
        with self._jobs.changed:
            self._stopped = True
            self._jobs.attend(helped=False)
            self._jobs.changed.notify_all()

    def _next(self) -> Task | None:
        """Wait for a call that can be made; None at the end."""
        changed = self._jobs.changed
        with changed:
            while not self._stopped:
                task = self._jobs.next_task()
                if not isinstance(task, float):
                    return task
                self._wait(changed, task)
        return None

    def _work(self) -> None:
        while True:
            # One looks for a call at a time: with many accounts it would cost much to wake all for each change.
            with self._turn:
                task = self._next()
            if task is None:
                return
            try:
                task()
            except BaseException as error:  # noqa: BLE001  # whoever waits must hear of it
                self._jobs.fail(error)
                return
