"""Threads that make the engine's calls while the caller writes rows."""

from __future__ import annotations

import threading
import typing as t

if t.TYPE_CHECKING:
    from collections.abc import Callable

    from tap_amazon_vendor.engine.engine import Engine
    from tap_amazon_vendor.engine.scheduler import Task

#: Most threads.
MOST = 32

#: Kinds of calls that a service may wait for at a time: create, poll, fetch.
CALLS = 3


class Workers:
    """Makes the engine's calls in the background; a context manager.

    The threads touch nothing but the engine. They are daemons: a process that is told to end does
    not wait for Amazon, and what it requested is already in the state.
    """

    def __init__(
        self,
        engine: Engine,
        wait: Callable[[threading.Condition, float], None],
        *,
        services: int,
        own_quotas: int = 0,
    ) -> None:
        """Start nothing yet.

        Args:
            engine: What to work for.
            wait: Waits for a condition, at most the given seconds.
            services: How many services there are, those of each account.
            own_quotas: Job types with a quota of their own. Each is a kind of call of its own, because Amazon may make
                it wait for minutes.
        """
        self._engine = engine
        self._wait = wait
        self._stopped = False
        self._looking = threading.Lock()
        self._threads = [
            threading.Thread(target=self._work, name=f"jobs-{number}", daemon=True)
            for number in range(min(MOST, (CALLS + own_quotas) * services))
        ]

    def __enter__(self) -> None:
        """Start."""
        self._engine.use_workers(working=True)
        for thread in self._threads:
            thread.start()

    def __exit__(self, *_: object) -> None:
        """Take no more calls; those on their way are left alone."""
        with self._engine.changed:
            self._stopped = True
            self._engine.use_workers(working=False)
            self._engine.changed.notify_all()

    def _next(self) -> Task | None:
        """Wait for a call that can be made; None at the end."""
        changed = self._engine.changed
        with changed:
            while not self._stopped:
                task = self._engine.next_task()
                if not isinstance(task, float):
                    return task
                self._wait(changed, task)
        return None

    def _work(self) -> None:
        try:
            while task := self._take():
                task()
        except BaseException as error:  # noqa: BLE001  # the caller must see it
            self._engine.fail(error)

    def _take(self) -> Task | None:
        # One looks for a call at a time: with many accounts it would cost much to wake all for each change.
        with self._looking:
            return self._next()
