"""Runs the tap's commands in processes of their own, which start in no time: each is a fork of one with all imports.

Only the imports, half a second of each start, are shared. Arguments, environment, folder, files and the end of the
process are those of `python -c`.
"""

from __future__ import annotations

import atexit
import json
import os
import socket
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from collections.abc import Mapping


def run(
    code: str,
    *arguments: str,
    stdin: str = "",
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run `python -c CODE ARGUMENTS…`, as `subprocess.run` would.

    Args:
        code: What to run.
        arguments: Its `sys.argv`.
        stdin: Its standard input.
        cwd: Its folder; None for the current one.
        env: Its environment; None for the current one.
    """
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder, name) for name in ("stdin", "stdout", "stderr")]
        files[0].write_text(stdin, encoding="utf-8")
        argv = ["-c", *arguments]
        order = {
            "code": code,
            "argv": argv,
            "cwd": os.fspath(cwd or Path.cwd()),
            "env": dict(os.environ if env is None else env),
            "files": list(map(os.fspath, files)),
        }
        control = _template()
        control.write(f"{json.dumps(order)}\n")
        control.flush()
        status = int(control.readline())
        said = [file.read_text(encoding="utf-8") for file in files[1:]]
    return subprocess.CompletedProcess(argv, os.waitstatus_to_exitcode(status), *said)


@cache
def _template() -> TextIO:
    """Start the process that is forked; return the way to talk with it."""
    here, there = socket.socketpair()
    with there:
        process = subprocess.Popen(
            [sys.executable, __file__, str(there.fileno())],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(map(os.path.abspath, sys.path))},
            stdin=subprocess.DEVNULL,
            pass_fds=[there.fileno()],
        )
    control = here.makefile("rw", encoding="utf-8")
    here.close()

    def end() -> None:
        control.close()
        process.wait()

    atexit.register(end)
    return control


def _serve(descriptor: int) -> dict[str, Any] | None:
    """Fork for each order: return it in the child, and None in the template when nobody is there any more."""
    connection = socket.socket(fileno=descriptor)
    control = connection.makefile("rw", encoding="utf-8")
    while line := control.readline():
        child = os.fork()
        if not child:
            order: dict[str, Any] = json.loads(line)
            os.close(connection.detach())
            return order
        control.write(f"{os.waitpid(child, 0)[1]}\n")
        control.flush()
    return None


def _become(order: Mapping[str, Any]) -> None:
    """Take the place of the process that was ordered."""
    read, *write = order["files"]
    for number, file in enumerate(
        (os.open(read, os.O_RDONLY), *(os.open(file, os.O_WRONLY | os.O_CREAT) for file in write))
    ):
        os.dup2(file, number)
        os.close(file)
    os.environ.clear()
    os.environ.update(order["env"])
    os.chdir(order["cwd"])
    sys.argv[:] = order["argv"]


if __name__ == "__main__":
    import tap_amazon_vendor.cli.main
    import tap_amazon_vendor.tap  # noqa: F401

    if (order := _serve(int(sys.argv[1]))) is not None:
        _become(order)
        exec(order["code"], {"__name__": "__main__"})  # noqa: S102  # that is what it is for
